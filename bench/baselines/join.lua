-- wrk's script of joins: each buyer of the file once, then the run ends. Arguments: a file with an access token a line, the path.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "done.lua")

local tokens, count, at = {}, 0, 0
local before, after

function init(args)
  for token in io.lines(args[1]) do
    count = count + 1
    tokens[count] = token
  end
  before = "POST " .. args[2] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer "
  after = "\r\ncontent-length: 2\r\n\r\n{}"
end

-- What is under way when it stops is not answered; whoever runs it asks for the last ones again. wrk itself would sleep on
-- until its time is over: whoever hears of the end sends it SIGINT.
function request()
  if at == count then
    wrk.thread:stop()
    io.write("\nENDED\n")
    io.flush()
  else
    at = at + 1
  end
  return before .. tokens[at] .. after
end
