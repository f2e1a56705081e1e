-- A page of a partition's log, and whether the log still holds everything from there on. What happens in places is in a log of
-- its own, in the same order: a page has the entries of both.
-- KEYS: 1 meta  2 log  3 log of places, for a reader who follows them
-- ARGV: 1 after this id (µs)  2 at most so many  3 how a feed asks that was given everything up to there: 'sure' or 'replaced'
--       when the entry of that id may have been replaced since; '' for a cursor
-- Reply: {gen or '', held 0|1, entries as XRANGE gives them}. A feed is given what there is, also when something is missing.
local function micros(id)
  local ms, rest = string.match(id, '^(%d+)%-(%d+)$')
  return ms * 1000 + rest
end

local function idOf(moment)
  return string.format('%d-%d', math.floor(moment / 1000), moment % 1000)
end

-- Entries leave a log from its beginning; of places also those that newer ones replace. `cut` is how far they may be missing,
-- `trimmed` how many functions removed. When others removed some too (an operator, an older release), only the entries that
-- are left can show it.
local function holds(logKey, after, last, cut, trimmed)
  if last <= after then return true end
  local first = redis.call('XRANGE', logKey, '-', '+', 'COUNT', 1)[1]
  if first and micros(first[1]) <= after then return true end
  if redis.call('EXISTS', logKey) == 0 then return false end
  local about, added = redis.call('XINFO', 'STREAM', logKey), 0
  for i = 1, #about, 2 do
    if about[i] == 'entries-added' then added = about[i + 1] end
  end
  return cut <= after and added - redis.call('XLEN', logKey) == trimmed
end

local function has(logKey, moment)
  local id = idOf(moment)
  return redis.call('XRANGE', logKey, id, id)[1] ~= nil
end

-- Entries of both by id, as many as one would give.
local function merged(one, other, count)
  if not other[1] then return one end
  if not one[1] then return other end
  local all, i, j = {}, 1, 1
  while #all < count and (one[i] or other[j]) do
    if not other[j] or one[i] and micros(one[i][1]) < micros(other[j][1]) then
      all[#all + 1], i = one[i], i + 1
    else
      all[#all + 1], j = other[j], j + 1
    end
  end
  return all
end

local function replay(keys, args)
  local after, count, asked = tonumber(args[1]), tonumber(args[2]), args[3]
  local meta = redis.call('HMGET', keys[1], 'gen', 'clock', 'last', 'cut', 'trimmed', 'plast', 'pcut', 'ptrimmed', 'tlast')
  local function number(i)
    return (meta[i] or 0) + 0
  end
  local last, lastPlaced = number(3), number(6)
  local placeLog = lastPlaced > 0 and keys[3]
  -- A moment in the future comes from a clock that was lost.
  local held = meta[1] and after <= number(2)
    and holds(keys[2], after, last > lastPlaced and last or number(9), number(4), number(5))
    and (not placeLog or holds(placeLog, after, lastPlaced, number(7), number(8)))
  if asked ~= '' and after > 0 then
    -- Where the data went back the entry that the feed was given last is gone, and others may follow.
    held = has(keys[2], after) or placeLog and has(placeLog, after) or asked == 'replaced' and lastPlaced >= after and held
  elseif asked == '' and not held then
    return { meta[1] or '', 0, {} }
  end
  if count == 0 then return { meta[1] or '', held and 1 or 0, {} } end
  local from = '(' .. idOf(after)
  local entries = redis.call('XRANGE', keys[2], from, '+', 'COUNT', count)
  if placeLog and lastPlaced > after then entries = merged(entries, redis.call('XRANGE', placeLog, from, '+', 'COUNT', count), count) end
  return { meta[1] or '', held and 1 or 0, entries }
end
define('replay', replay, { 'no-writes' })
