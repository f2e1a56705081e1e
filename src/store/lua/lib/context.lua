-- The policy and the circumstances of the current call, set by `open`. Functions run one at a time and to their end, so
-- these may be locals of the library; `open` sets every one of them.
-- Three clocks, which are never compared with each other (domain/clock.ts):
--   order     µs  the hybrid clock: versions, ids and stamps. It is not the time, and may be ahead of it.
--   redisNow  ms  the time of day by the machine of Redis: the ends that people set, tokens, and what is shown to people.
--   now       ms  redisNow + shift: the time in which graces, leases and idle limits run. It continues where the time of
--                 day went back, as after a failover to another machine; whatever a row or `meta` says of past moments is in it.
-- Of the partition's `meta`: gen, clock (`order`), last (id of the newest log entry), tick (last beat of anybody), shift,
-- hold, young, held (the generation whose loss was noticed), lag, cut (entries up to this id may be gone from the log),
-- trimmed (how many beats removed), plast, pcut, ptrimmed (the same of the log of places), tlast (the newest entry of the
-- other log, where plast is newer), waited (written by a node that waits for replicas, see replica-wait.ts).
local policy, AWAY, OFFLINE, GRACE, RETENTION, REVOCATION, INTERVAL, TTL, BURST, PACE, PRECISION, TENANT_CHANNEL
local KEYS, ARGV, metaKey
local gen, storedOrder, tick, storedHold, hold, storedYoung, young, gathering, hasGathered, logged, placed, lag, lagUntil
local order, redisNow, storedShift, shift, now, nowMicros
local function setPolicy(text)
  bindGlobals()
  prepareTexts()
  policy = text
  local away, offline, grace, retention, revocation, interval, ttl, burst, pace
  away, offline, grace, retention, revocation, interval, ttl, burst, pace, PRECISION, TENANT_CHANNEL =
    match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%l+) (.*)$')
  AWAY, OFFLINE, GRACE, RETENTION = away + 0, offline + 0, grace + 0, retention + 0
  REVOCATION, INTERVAL, TTL, BURST, PACE = revocation + 0, interval + 0, ttl + 0, burst + 0, pace + 0
end

-- The last beat lies in the future of the time of day, which has gone back, as after a failover to another machine. Time
-- stands still until a beat lets it continue (`goOn`).
local function stand()
  shift = tick - redisNow
  now = tick
end

-- Time that stands still advances by what the nodes have measured since; otherwise no grace and no hold would end until the
-- time of day has caught up. How far it is ahead from then on is stored, so that it advances between beats and for all
-- calls. A lag below one interval is waited out. Returns the shift to keep.
local function goOn(estimate)
  local kept = min(shift, storedShift)
  if now - kept - redisNow <= INTERVAL then return kept end
  now = max(now, min(estimate, now + TTL))
  shift = now - redisNow
  return shift
end

local function isSilent()
  return tick + INTERVAL * 1.5 < now
end

-- Begins a call: keys[1] is the partition's meta, args[1] the policy; `seen` is the highest clock the caller knows. `order`
-- is never behind the time of day, the partition's past, or what the caller has seen of it. While it is ahead it advances
-- only by what it allots, until the time of day catches up with it.
local function open(keys, args, seen)
  KEYS, ARGV, metaKey = keys, args, keys[1]
  if args[1] ~= policy then setPolicy(args[1]) end
  local meta = call('HMGET', metaKey, 'gen', 'clock', 'tick', 'hold', 'young', 'last', 'lag', 'held', 'shift', 'plast')
  local time = call('TIME')
  gen, storedOrder, tick = meta[1], (meta[2] or 0) + 0, (meta[3] or 0) + 0
  storedHold, storedYoung, logged, placed = (meta[4] or 0) + 0, (meta[5] or 0) + 0, (meta[6] or 0) + 0, (meta[10] or 0) + 0
  nowMicros = time[1] * 1000000 + time[2]
  order, redisNow = max(nowMicros, storedOrder, seen), floor(nowMicros / 1000)
  now, storedShift, shift, hold, young, lag, lagUntil = redisNow, 0, 0, storedHold, storedYoung, 0, 0
  if meta[9] then
    storedShift = meta[9] + 0
    -- Once the time of day has reached the shifted time, as after a failover back, no shift is needed any more.
    if redisNow < tick + INTERVAL then shift = storedShift end
    now = redisNow + shift
  end
  if now < tick then stand() end
  -- No node beat for one and a half intervals. A silent node may only have been cut off, and a node that had to report again
  -- whom it holds could not either. That time does not count.
  if isSilent() then
    hold = max(hold, now + 1)
    if storedYoung > tick then young = max(young, now + 1) end
  end
  -- Data was lost, and not every node has had time to report again which users were present.
  gathering = young > now and meta[8] == meta[1]
  hasGathered = gen and storedYoung > 0 and storedYoung <= now and meta[8] == meta[1]
  if meta[7] then
    local told, at = match(meta[7], '^(%d+),(%d+)$')
    if at + 2 * INTERVAL >= now then lag, lagUntil = min(told + 0, 5000), at + 2 * INTERVAL + 1 end
  end
  Commit.begin()
  Entries.begin()
end

-- Users who had to wait until a loss was gathered are shown by the first sweep after it; until then their rows say
-- `offline`. The queue of deadlines is in the slot of `meta`, beside it. The next beat records that none is left (`young`
-- 0).
local function hasWaiting()
  if not hasGathered then return false end
  local dueKey = string.sub(metaKey, 1, -5) .. 'due'
  return call('ZRANGE', dueKey, '-inf', digits(storedYoung), 'BYSCORE', 'LIMIT', 0, 1)[1] ~= nil
end

-- Whether the store may hold less than is true of users: reads then answer that they do not know.
local function isYoung()
  return not gen or young > now or hasWaiting()
end
