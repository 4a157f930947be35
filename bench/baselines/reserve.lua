-- wrk's script of a reserve: every request is a hold with a fresh id by the next buyer. All that can be made beforehand is.
-- Argument: a file with a line a buyer: access token, admission token, path, SKU.

dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "done.lua")

local heads, tails, count = {}, {}, 0
local hex = {}
local at = 0

function init(args)
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000)
  for n = 0, 65535 do hex[n] = string.format("%04x", n) end
  local tailOf = {}
  for line in io.lines(args[1]) do
    local access, admission, path, sku = line:match("^(%S+) (%S+) (%S+) (%S+)$")
    local tail = tailOf[sku] or ('","sku":"' .. sku .. '","quantity":1}')
    tailOf[sku] = tail
    count = count + 1
    tails[count] = tail
    heads[count] = table.concat({
      "POST ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer ",
      access, "\r\nadmission-token: ", admission, "\r\ncontent-length: ", #'{"holdId":"' + 36 + #tail,
      '\r\n\r\n{"holdId":"',
    })
  end
end

function request()
  at = at % count + 1
  local random, hex = math.random, hex
  return heads[at] .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. "-" .. hex[random(0, 65535)]
    .. "-" .. hex[16384 + random(0, 4095)] .. "-" .. hex[32768 + random(0, 16383)] .. "-"
    .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. tails[at]
end
