-- The registry of nodes, outside the partitions: who is there, and whether this node fits the deployment.
-- KEYS: 1 registry   ARGV: 1 node id  2 its description as JSON  3 partitions  4 schema  5 ms after which others are dropped
-- Reply: {'ok', the time of day ms, id, time ms of its last call, description, …} or {'incompatible', field, stored, given}
local function register(keys, args)
  local registry, id, about, forgetAfter = keys[1], args[1], args[2], tonumber(args[5])
  for field, given in pairs({ partitions = args[3], schema = args[4] }) do
    local stored = redis.call('HGET', registry, field)
    if stored and stored ~= given then return { 'incompatible', field, stored, given } end
  end
  local time = redis.call('TIME')
  local today = time[1] * 1000 + math.floor(time[2] / 1000)
  local all = redis.call('HGETALL', registry)
  local reply = { 'ok', string.format('%d', today) }
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 5) == 'node:' and all[i] ~= 'node:' .. id then
      local at, description = string.match(all[i + 1], '^(%d+) (.*)$')
      if today - tonumber(at) > forgetAfter then
        redis.call('HDEL', registry, all[i])
      else
        reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = string.sub(all[i], 6), at, description
      end
    end
  end
  redis.call('HSET', registry, 'partitions', args[3], 'schema', args[4], 'node:' .. id, string.format('%d %s', today, about))
  return reply
end
define('register', register)
