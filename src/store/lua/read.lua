-- Views of users of one partition, as stored.
-- KEYS: 1 meta, then user for every user   ARGV: 1 policy
-- Reply: {'young'} while the partition heals, or {'ok', a user as in reply.lua, …} in the order of KEYS
local function read(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local reply = { 'ok' }
  local rows = Entries.readFrom(2)
  for i = 1, #rows do reply[i + 1] = Reply.user(RowCodec.decode(rows[i])) end
  return reply
end
define('read', read, { 'no-writes' })
