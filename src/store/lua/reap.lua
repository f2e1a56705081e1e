-- Clears users of a node epoch whose lease ended. Decides and acts in this one call: neither what the caller read before nor
-- what another reaper does meanwhile can clear a user who is alive.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes  6 fence:<id>  7 node:<node>  8 node-meta:<node>  9 beat:<node>
--       10 seq:<node>
--       then online, away, busy for every tenant, then user for every entry
-- ARGV: 1 policy  2 node  3 epoch  4… users as in entries.lua
-- Reply: {'hold'|'alive'} or {'ok', fenced now 0|1, users cleared, users left}
local function reap(keys, args)
  open(keys, args, 0)
  local logKey, channel, dueKey, nodesKey, fenceKey, listKey, nodeMetaKey, beatKey, seqKey =
    KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
  local node, epoch = ARGV[2], tonumber(ARGV[3])
  if not gen or hold > now then return { 'hold' } end
  local lastBeat = tonumber(redis.call('HGET', nodeMetaKey, 'beat')) or now - TTL
  -- A lease ends at a moment of the clock that granted it. A lease with longer left than any lease lasts comes from a
  -- machine whose clock is ahead of this one's; the last beat then decides.
  local left = redis.call('PTTL', beatKey)
  if left >= 0 and (left <= TTL or lastBeat + TTL > now) then return { 'alive' } end

  local fences = (tonumber(redis.call('GET', fenceKey)) or -1) < epoch
  local diedBy = min(lastBeat + INTERVAL, now)
  local cleared, gone = {}, { 'HDEL', listKey }
  for _, entry in ipairs(Entries.openAll(11, 4, 2)) do
    if redis.call('HEXISTS', listKey, entry.member) == 1 then
      gone[#gone + 1] = entry.member
      local row = Entries.load(entry)
      local at = Evaluate.before(row)
      if Absorb.loseNode(row, node, lastBeat, diedBy) then
        Settle.settle(entry, at)
        cleared[#cleared + 1] = entry
      end
    end
  end

  Commit.writeLog(logKey)
  if fences then redis.call('SET', fenceKey, epoch, 'EX', 3600) end
  Entries.saveIndexes(cleared, dueKey)
  Entries.saveRows(cleared, dueKey)
  if #gone > 2 then redis.call(unpack(gone)) end
  local remaining = redis.call('HLEN', listKey)
  if remaining == 0 then
    redis.call('SREM', nodesKey, node)
    redis.call('DEL', nodeMetaKey, seqKey)
  end
  Commit.publish(channel)
  return { 'ok', fences and 1 or 0, #cleared, remaining }
end
define('reap', reap)
