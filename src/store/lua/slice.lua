-- Members of a group who are not offline, in one partition: a stable slice by user id that looks at a bounded number.
-- KEYS: 1 meta  2 group  3 online   ARGV: 1 policy  2 after this user, or ''  3 at most so many  4 scanning at most so many
-- Reply: {'young'} or {'ok', the last one scanned or '' when no member follows, user, …}
local function slice(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local most, looks = tonumber(ARGV[3]), tonumber(ARGV[4])
  local members = redis.call('ZRANGE', KEYS[2], ARGV[2] == '' and '-' or '(' .. ARGV[2], '+', 'BYLEX', 'LIMIT', 0, looks)
  if #members == 0 then return { 'ok', '' } end
  local scores, reply = redis.call('ZMSCORE', KEYS[3], unpack(members)), { 'ok', '' }
  for i, user in ipairs(members) do
    if scores[i] then reply[#reply + 1] = user end
    if #reply == most + 2 or i == looks then
      reply[2] = user
      break
    end
  end
  return reply
end
define('slice', slice, { 'no-writes' })
