-- Who of a tenant is not offline, in one partition: a stable slice by user id.
-- KEYS: 1 meta  2 online   ARGV: 1 policy  2 after this user, or ''  3 at most so many
-- Reply: {'young'} or {'ok', user, …}
local function members(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
  local users = redis.call('ZRANGE', KEYS[2], from, '+', 'BYLEX', 'LIMIT', 0, ARGV[3])
  table.insert(users, 1, 'ok')
  return users
end
define('members', members, { 'no-writes' })
