-- wrk's script for S1: every request is a hold with a fresh id by the next buyer. All that can be made beforehand is.
-- Arguments: a file with a line a buyer (access token, admission token), the path, the SKU.

local heads, tail, count = {}, "", 0
local hex = {}
local at = 0

function init(args)
  local file, path, sku = args[1], args[2], args[3]
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000)
  for n = 0, 65535 do hex[n] = string.format("%04x", n) end
  tail = '","sku":"' .. sku .. '","quantity":1}'
  local bytes = #'{"holdId":"' + 36 + #tail
  for line in io.lines(file) do
    local access, admission = line:match("^(%S+) (%S+)$")
    count = count + 1
    heads[count] = table.concat({
      "POST ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer ",
      access, "\r\nadmission-token: ", admission, "\r\ncontent-length: ", bytes, '\r\n\r\n{"holdId":"',
    })
  end
end

function request()
  at = at % count + 1
  local random, hex = math.random, hex
  return heads[at] .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. "-" .. hex[random(0, 65535)]
    .. "-" .. hex[16384 + random(0, 4095)] .. "-" .. hex[32768 + random(0, 16383)] .. "-"
    .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. hex[random(0, 65535)] .. tail
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"durationUs":%d,"statusErrors":%d,"socketErrors":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d,"maxUs":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max
  ))
end
