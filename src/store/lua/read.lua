-- Views of users of one partition, as stored.
-- KEYS: 1 meta, then user for every user   ARGV: 1 policy  2 '1' for the kinds of device in use, or ''
-- Reply: {'young'} while the partition heals, or {'ok', a user as in reply.lua, …} in the order of KEYS
local function read(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local reply = { 'ok' }
  local rows, withUse = Entries.readFrom(2), ARGV[2] == '1'
  for i = 1, #rows do reply[i + 1] = Reply.user(RowCodec.decode(rows[i]), withUse) end
  return reply
end
define('read', read, { 'no-writes' })
