-- How many members a group has, in one partition.
-- KEYS: 1 meta  2 group   ARGV: 1 policy
-- Reply: {'young'} or {'ok', all}
local function groupsize(keys, args)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end
  return { 'ok', redis.call('ZCARD', KEYS[2]) }
end
define('groupsize', groupsize, { 'no-writes' })
