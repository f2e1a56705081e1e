-- The policy and the circumstances of this call, as locals of the script: times in ms, clocks and versions in µs.
-- Takes ARGV[1] (the policy) and KEYS[1] (the partition's `meta`): gen, clock (hybrid clock), last (id of the newest
-- log entry), tick (last beat of anybody), hold, young, lag.
local AWAY, OFFLINE, GRACE, RETENTION, INTERVAL, TTL, PRECISION, TENANT_CHANNEL =
  string.match(ARGV[1], '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%l+) (.*)$')
AWAY, OFFLINE, GRACE, RETENTION = AWAY + 0, OFFLINE + 0, GRACE + 0, RETENTION + 0
INTERVAL, TTL = INTERVAL + 0, TTL + 0

local FOREVER = math.huge
local floor, max, min, format, match = math.floor, math.max, math.min, string.format, string.match

-- Scripts write versions and times as digits: tostring and cjson keep 14 of 16.
local function digits(number)
  return format('%d', number)
end

local metaKey = KEYS[1]
local meta = redis.call('HMGET', metaKey, 'gen', 'clock', 'tick', 'hold', 'young', 'last', 'lag')
local gen, storedClock, tick = meta[1], (meta[2] or 0) + 0, (meta[3] or 0) + 0
local hold, young, logged = (meta[4] or 0) + 0, (meta[5] or 0) + 0, (meta[6] or 0) + 0
local clock, now, lag = storedClock, 0, 0

-- The hybrid clock is never behind real time, the partition's past, or what the caller has seen of it.
local function openClock(seen)
  local time = redis.call('TIME')
  clock = max(time[1] * 1000000 + time[2], storedClock, seen)
  now = floor(clock / 1000)
  -- Nobody beat for one and a half intervals: whoever looks dead may just not have been able to say so.
  if tick + INTERVAL * 1.5 < now then hold = max(hold, now + 1) end
  if meta[7] then
    local told, at = match(meta[7], '^(%d+),(%d+)$')
    if at + 2 * INTERVAL >= now then lag = min(told + 0, 5000) end
  end
end
