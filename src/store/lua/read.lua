#!lua flags=no-writes
-- Views of users of one partition, as stored.
-- KEYS: 1 meta, then user, more for every user   ARGV: 1 policy
-- Reply: {'young'} while the partition heals, or {'ok', {view, name, shown, own claim}, …} in the order of KEYS
-- @include context row evaluate commit entries
P = parsePolicy(ARGV[1])
C = openContext(KEYS[1], 0)
if not C.gen or C.young then return { 'young' } end
local reply = { 'ok' }
for i = 2, #KEYS, 2 do
  local moreKey = KEYS[i + 1]
  reply[#reply + 1] = selfReply(parseRow(redis.call('HGETALL', KEYS[i]), function() return redis.call('HGETALL', moreKey) end))
end
return reply
