-- Revocations that still refuse tokens, in one partition.
-- KEYS: 1 meta  2 revoked   ARGV: 1 policy
-- Reply: {'young'} or {'ok', <tenant>:<user>, revocation (s), …}
local function revoked(keys, args)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end
  local list = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. digits(floor((redisNow - REVOCATION) / 1000)), '+inf', 'WITHSCORES')
  table.insert(list, 1, 'ok')
  return list
end
define('revoked', revoked, { 'no-writes' })
