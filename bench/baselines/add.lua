-- wrk's script of additions to carts. Argument: a file with a line a request: access token, SKU.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "done.lua")

local requests, count, at = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local token, sku = line:match("^(%S+) (%S+)$")
    local body = '{"sku":"' .. sku .. '","quantity":1}'
    count = count + 1
    requests[count] = "POST /v1/cart/items HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer "
      .. token .. "\r\ncontent-length: " .. #body .. "\r\n\r\n" .. body
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
