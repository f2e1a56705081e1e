-- How many are shown in each of some places, in one partition.
-- KEYS: 1 meta, then a place each   ARGV: 1 policy
-- Reply: {'young'} or {'ok', how many, …}
local function placecount(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local reply = { 'ok' }
  for i = 2, #KEYS do
    local key = KEYS[i]
    reply[i] = call('ZCARD', key)
  end
  return reply
end
define('placecount', placecount, { 'no-writes' })
