-- A node leaves a partition in which nothing of it is left: as a reaper would do it, but nobody was lost. The fence is
-- for a batch of its that may still be under way. With somebody still listed it is a reaper's, once the lease is over.
-- KEYS: 1 beat:<node>  2 fence:<id>  3 node:<node>  4 node-meta:<node>  5 seq:<node>  6 nodes   ARGV: 1 node  2 epoch
-- Reply: whether it left, 0 or 1
local function retire(keys, args)
  local node, epoch = args[1], tonumber(args[2])
  if redis.call('HLEN', keys[3]) > 0 then return 0 end
  if (tonumber(redis.call('GET', keys[2])) or -1) < epoch then redis.call('SET', keys[2], epoch, 'EX', 3600) end
  redis.call('SREM', keys[6], node)
  redis.call('DEL', keys[1], keys[4], keys[5])
  return 1
end
define('retire', retire)
