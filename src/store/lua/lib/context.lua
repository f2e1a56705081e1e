-- Policy `P` and circumstances `C` of one call. Times in ms, clocks and versions in µs, as numbers; written as digits.
-- `meta`: gen, clock (hybrid clock), last (id of the newest log entry), tick (last beat of anybody), hold, young, lag.
local P, C

local function parsePolicy(text)
  local away, offline, grace, retention, interval, ttl, precision, channel =
    string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%l+) (.*)$')
  return { away = tonumber(away), offline = tonumber(offline), grace = tonumber(grace), retention = tonumber(retention),
    interval = tonumber(interval), ttl = tonumber(ttl), precision = precision, tenantChannel = channel ~= '' and channel }
end

-- The hybrid clock is never behind real time, the partition's past, or what the caller has seen of it.
local function openContext(metaKey, seen)
  local meta = redis.call('HMGET', metaKey, 'gen', 'clock', 'tick', 'hold', 'young', 'last', 'lag')
  local time = redis.call('TIME')
  local stored = tonumber(meta[2]) or 0
  local clock = math.max(time[1] * 1000000 + time[2], stored, seen)
  local now = math.floor(clock / 1000)
  local tick = tonumber(meta[3]) or 0
  local hold = tonumber(meta[4]) or 0
  -- Nobody beat for one and a half intervals: whoever looks dead may just not have been able to say so.
  if tick + P.interval * 1.5 < now then hold = math.max(hold, now + 1) end
  local lagMs, lagAt = string.match(meta[7] or '', '^(%d+),(%d+)$')
  local lag = lagAt and tonumber(lagAt) + 2 * P.interval >= now and math.min(tonumber(lagMs), 5000) or 0
  return { metaKey = metaKey, gen = meta[1] or nil, stored = stored, clock = clock, now = now, tick = tick, hold = hold,
    young = (tonumber(meta[5]) or 0) > now, last = tonumber(meta[6]) or 0, lag = lag, log = {}, index = {}, tenants = {} }
end
