-- A node leaves a partition in which nothing of it is left. This does what a reaper would do, but no user was lost. The
-- fence stops a batch of the node that may still be in flight. With a user still listed, a reaper does it once the lease is
-- over.
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
