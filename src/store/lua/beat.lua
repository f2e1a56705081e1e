-- Records in meta how far entries may be missing: a cursor below that has lost some (see replay.lua). `last` is the newest
-- entry, and `p` the prefix of the fields.
local function noteCut(logKey, last, oldest, aged, over, p)
  if aged + over == 0 then return end
  local first = redis.call('XRANGE', logKey, '-', '+', 'COUNT', 1)[1]
  local cut = last
  if first then
    local ms, rest = match(first[1], '^(%d+)%-(%d+)$')
    cut = ms * 1000 + rest - 1
  end
  if over == 0 then cut = min(cut, oldest * 1000) end
  redis.call('HSET', metaKey, p .. 'cut', digits(cut))
  redis.call('HINCRBY', metaKey, p .. 'trimmed', aged + over)
end

local function trimLog(logKey, oldest, keepEntries)
  local aged = redis.call('XTRIM', logKey, 'MINID', digits(oldest))
  noteCut(logKey, logged, oldest, aged, redis.call('XTRIM', logKey, 'MAXLEN', keepEntries), '')
end

-- Redis keeps the entries of a stream in blocks, which count in full until their last entry is gone: so the blocks say what the
-- log of places costs. Those at the beginning go when there are too many, whole ones only.
local BLOCK_BYTES = 4096
local function trimPlaces(oldest, keepBytes)
  local logKey = Commit.placeLogKey()
  if placed == 0 or redis.call('EXISTS', logKey) == 0 then return end
  local aged, over = redis.call('XTRIM', logKey, 'MINID', digits(oldest)), 0
  local about, size = redis.call('XINFO', 'STREAM', logKey), {}
  for i = 1, #about, 2 do size[about[i]] = about[i + 1] end
  local kept = keepBytes / (size['radix-tree-keys'] * BLOCK_BYTES)
  if kept < 1 then over = redis.call('XTRIM', logKey, 'MAXLEN', '~', floor(size.length * kept), 'LIMIT', 0) end
  noteCut(logKey, placed, oldest, aged, over, 'p')
end

-- Renews the lease of a node epoch in one partition; notices that data was lost and holds the partition still.
-- KEYS: 1 meta  2 beat:<node>  3 fence:<id>  4 node-meta:<node>  5 log  6 nodes  7 seq:<node>
-- ARGV: 1 policy  2 epoch  3 gen the node remembers or ''  4 highest clock it has seen  5 highest seq acknowledged
--       6 flush lag ms  7 a fresh gen  8 seconds the log keeps  9 entries the log keeps  10 node
--       11 id of the newest log entry it was given  12 the time (`now`) as it reckons it
--       13 whether its writes are refused here 0|1  14 bytes the log of places keeps
-- Reply: {fenced 0|1, gen, lost 0|1, hold ms, young 0|1, order, id of the last log entry, stuck 0|1, the time of day µs,
--   shift ms}
-- Allowed when Redis is out of memory, because nodes must not be fenced for that.
local function beat(keys, args)
  open(keys, args, tonumber(args[4]))
  local kept = goOn(tonumber(args[12]))
  local beatKey, fenceKey, nodeMetaKey, logKey, nodesKey = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
  local epoch, remembered, seen, acked = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
  local flushLag, freshGen, keepSeconds, keepEntries = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
  local delivered = tonumber(ARGV[11])

  local fenced = (tonumber(redis.call('GET', fenceKey)) or -1) >= epoch
  if not fenced and redis.call('PEXPIRE', beatKey, TTL) == 0 then redis.call('SET', beatKey, '1', 'PX', TTL) end
  local storedSeq = tonumber(redis.call('GET', KEYS[7])) or 0
  local known = redis.call('HMGET', metaKey, 'held', 'stuck', 'taken')
  local heldFor = known[1]
  -- What the partition stores, not what this call concludes from its silence.
  hold, young = storedHold, storedYoung

  local lost, write = false, { 'HSET', metaKey }
  local function set(field, value)
    write[#write + 1] = field
    write[#write + 1] = value
  end
  -- When a node remembers more than is stored, or another generation, data was lost: hold for a full TTL, once a generation.
  local function loss()
    lost = true
    if heldFor == gen then return end
    hold = max(hold, now + TTL)
    young = hold
    set('held', gen)
  end

  if not gen then
    gen = freshGen
    hold = now + floor(INTERVAL * 1.5)
    young = hold
    set('gen', gen)
  elseif isSilent() then
    -- Redis was unreachable, or no node ran. Silent nodes get time to beat, and nodes that had not yet reported again whom
    -- they hold get time to do so.
    hold = max(hold, now + TTL)
    if storedYoung > tick then young = heldFor == gen and hold or now + storedYoung - tick end
  end
  -- Any call brings the clock to the present again, even after a rollback. The log's end moves only with an entry, and that
  -- entry shows every feed what is missing before it.
  if remembered == gen and not fenced and (storedOrder < seen or logged < delivered or storedSeq < acked) then
    gen = freshGen
    set('gen', gen)
    loss()
  elseif remembered ~= '' and remembered ~= gen then
    loss()
  end

  -- A node that is late but within its lease, or was cut off before it could report whom it holds: reads wait for it.
  if young > now and heldFor == gen and (lost or flushLag >= INTERVAL) then
    young = max(young, now + INTERVAL)
    hold = max(hold, young)
  end

  local waiting = hasWaiting()
  if hasGathered and young <= now and not lost and not waiting then young = 0 end

  -- The other nodes, which read the same rows, learn which node's writes are refused. A silent node is left to the reapers.
  local stuckUntil, stuckNode = 0, nil
  if known[2] then
    stuckUntil, stuckNode = match(known[2], '^(%d+),(.*)$')
    stuckUntil = stuckUntil + 0
  end
  if ARGV[13] == '1' then
    -- A store that refuses writes counts as unreachable too: when it takes writes again, a return may be reported after a
    -- departure. Where it takes the writes of others (see sweep.lua), it soon stops waiting for what this node cannot write.
    local taken = stuckUntil > now and known[3]
    if not taken or now <= taken + INTERVAL then hold = max(hold, now + floor(INTERVAL * 1.5)) end
    if known[3] and not taken then redis.call('HDEL', metaKey, 'taken') end
    stuckUntil = now + 2 * INTERVAL
    set('stuck', digits(stuckUntil) .. ',' .. ARGV[10])
  elseif stuckNode == ARGV[10] then
    stuckUntil = 0
    redis.call('HDEL', metaKey, 'stuck')
  end

  set('tick', digits(now))
  set('clock', digits(order))
  if kept ~= storedShift then set('shift', digits(kept)) end
  set('hold', digits(hold))
  set('young', digits(young))
  if flushLag > 0 and flushLag >= lag then set('lag', format('%d,%d', flushLag, now)) end
  redis.call(unpack(write))
  -- Listed from its first beat on, even if it never holds a user, so that a reaper removes what it leaves behind.
  if not fenced and redis.call('HSET', nodeMetaKey, 'beat', digits(now)) == 1 then
    redis.call('SADD', nodesKey, ARGV[10])
  end
  local oldest = max(redisNow - keepSeconds * 1000, 0)
  trimLog(logKey, oldest, keepEntries)
  trimPlaces(oldest, tonumber(ARGV[14] or 0))
  return { fenced and 1 or 0, gen, lost and 1 or 0, max(hold - now, 0), (young > now or waiting) and 1 or 0,
    digits(order), digits(logged), stuckUntil > now and 1 or 0, digits(nowMicros), shift }
end
define('beat', beat, { 'allow-oom' })
