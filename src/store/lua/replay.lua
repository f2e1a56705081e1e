-- A page of a partition's log, and whether the log still holds everything from there on.
-- KEYS: 1 meta  2 log   ARGV: 1 after this id (µs)  2 at most so many
-- Reply: {gen or '', held 0|1, entries as XRANGE gives them}
local function micros(id)
  local ms, rest = string.match(id, '^(%d+)%-(%d+)$')
  return ms * 1000 + rest
end

-- Entries leave the log from its beginning. `cut` is how far they may be missing, `trimmed` how many the beats removed. When
-- others removed some too (an operator, an older release), only the entries that are left can show it.
local function holds(logKey, after, last, cut, trimmed)
  if last <= after then return true end
  local first = redis.call('XRANGE', logKey, '-', '+', 'COUNT', 1)[1]
  if not first then return false end
  if micros(first[1]) <= after then return true end
  local about, added = redis.call('XINFO', 'STREAM', logKey), 0
  for i = 1, #about, 2 do
    if about[i] == 'entries-added' then added = about[i + 1] end
  end
  return cut <= after and added - redis.call('XLEN', logKey) == trimmed
end

local function replay(keys, args)
  local after, count = tonumber(args[1]), tonumber(args[2])
  local meta = redis.call('HMGET', keys[1], 'gen', 'clock', 'last', 'cut', 'trimmed')
  -- A moment in the future comes from a clock that was lost.
  if not meta[1] or after > (meta[2] or 0) + 0 then return { meta[1] or '', 0, {} } end
  if not holds(keys[2], after, (meta[3] or 0) + 0, (meta[4] or 0) + 0, (meta[5] or 0) + 0) then
    return { meta[1], 0, {} }
  end
  if count == 0 then return { meta[1], 1, {} } end
  local from = string.format('(%d-%d', math.floor(after / 1000), after % 1000)
  return { meta[1], 1, redis.call('XRANGE', keys[2], from, '+', 'COUNT', count) }
end
define('replay', replay, { 'no-writes' })
