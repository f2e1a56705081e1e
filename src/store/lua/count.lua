-- How many of a tenant are not offline, and of them away and busy, in one partition.
-- KEYS: 1 meta  2 online  3 away  4 busy   ARGV: 1 policy
-- Reply: {'young'} or {'ok', not offline, away, busy}
local function count(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  return { 'ok', redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4]) }
end
define('count', count, { 'no-writes' })
