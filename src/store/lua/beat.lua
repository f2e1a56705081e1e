#!lua flags=allow-oom
-- Renews the lease of a node epoch in one partition; notices that data was lost and holds the partition still.
-- KEYS: 1 beat:<node>  2 meta  3 fence:<id>  4 node-meta:<node>  5 log
-- ARGV: 1 policy  2 epoch  3 gen the node remembers or ''  4 highest clock it has seen  5 highest seq acknowledged
--       6 flush lag ms  7 a fresh gen  8 seconds the log keeps  9 entries the log keeps
-- Reply: {fenced 0|1, gen, lost 0|1, hold ms, young 0|1, clock, id of the last log entry}
-- Allowed when Redis is out of memory: nodes must not be condemned for that.
-- @include context row evaluate commit
local beatKey, metaKey, fenceKey, nodeMetaKey, logKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local epoch, remembered, seen, acked = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local lag, freshGen, keepSeconds, keepEntries = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
P = parsePolicy(ARGV[1])

local fenced = (tonumber(redis.call('GET', fenceKey)) or -1) >= epoch
if not fenced and redis.call('PEXPIRE', beatKey, P.ttl) == 0 then redis.call('SET', beatKey, '1', 'PX', P.ttl) end
C = openContext(metaKey, seen)
local storedSeq = tonumber(redis.call('HGET', nodeMetaKey, 'seq')) or 0
local state = redis.call('HMGET', metaKey, 'hold', 'young', 'held')
local hold, young = tonumber(state[1]) or 0, tonumber(state[2]) or 0

local gen, lost, write = C.gen, false, { 'HSET', metaKey }
local function set(field, value)
  write[#write + 1] = field
  write[#write + 1] = value
end
-- A node that remembers more than is there, or another generation, has lost something: a full TTL, once a generation.
local function loss()
  lost = true
  if state[3] == gen then return end
  hold = math.max(hold, C.now + P.ttl)
  young = hold
  set('held', gen)
end

if not gen then
  gen = freshGen
  hold = C.now + math.floor(P.interval * 1.5)
  young = hold
  set('gen', gen)
  if remembered ~= '' then loss() end
elseif remembered == gen and not fenced and (C.stored < seen or storedSeq < acked) then
  gen = freshGen
  set('gen', gen)
  loss()
elseif remembered ~= '' and remembered ~= gen then
  loss()
elseif C.tick + P.interval * 1.5 < C.now then
  -- Redis was away, or nobody was: who looks dead gets the time to say that they are not.
  hold = math.max(hold, C.now + P.ttl)
end

set('tick', digits(C.now))
set('clock', digits(C.clock))
set('hold', digits(hold))
set('young', digits(young))
if lag > 0 and lag >= C.lag then set('lag', string.format('%d,%d', lag, C.now)) end
redis.call(unpack(write))
if not fenced then redis.call('HSET', nodeMetaKey, 'beat', digits(C.now)) end
redis.call('XTRIM', logKey, 'MINID', '~', digits(math.max(C.now - keepSeconds * 1000, 0)))
redis.call('XTRIM', logKey, 'MAXLEN', '~', keepEntries)
return { fenced and 1 or 0, gen, lost and 1 or 0, math.max(hold - C.now, 0), young > C.now and 1 or 0,
  digits(C.clock), digits(C.last) }
