-- wrk's script of reads. Argument: a file with a line a request: path, and an access token where it needs one.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "done.lua")

local requests, count, at = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token = line:match("^(%S+) ?(%S*)$")
    local authorization = token ~= "" and ("authorization: Bearer " .. token .. "\r\n") or ""
    count = count + 1
    requests[count] = "GET " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n" .. authorization .. "\r\n"
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
