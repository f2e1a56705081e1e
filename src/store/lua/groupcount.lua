-- How many members of a group are not offline, and how many there are, in one partition.
-- KEYS: 1 meta  2 group  3 online   ARGV: 1 policy
-- Reply: {'young'} or {'ok', not offline, all}
local function groupcount(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  return { 'ok', redis.call('ZINTERCARD', 2, KEYS[2], KEYS[3]), redis.call('ZCARD', KEYS[2]) }
end
define('groupcount', groupcount, { 'no-writes' })
