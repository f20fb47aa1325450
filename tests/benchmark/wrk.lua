-- One request again and again, with another seed each time; prints what came of it as one line of JSON.
-- Arguments: method, path, first seed, the body's file or "-", then headers as "Name: value".

local method, path, seed, body, headers, varies

function init(args)
  method, path, seed = args[1], args[2], tonumber(args[3])
  headers = {}
  for index = 5, #args do
    local name, value = args[index]:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  if args[4] ~= "-" then
    local file = assert(io.open(args[4], "rb"))
    body = file:read("*a")
    file:close()
  end
  varies = body and body:find("{seed}", 1, true)
  if not varies and not path:find("{seed}", 1, true) then
    local whole = wrk.format(method, path, headers, body)
    request = function() return whole end
  end
end

function request()
  seed = seed + 1
  local number = string.format("%d", seed)
  local sent = varies and body:gsub("{seed}", number) or body
  return wrk.format(method, (path:gsub("{seed}", number)), headers, sent)
end

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    'RESULT {"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status, broken))
end
