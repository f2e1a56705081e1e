-- Who is shown in a place, in one partition: a stable slice of those who have been there longest first. The rows of members are
-- found by the index alone, so their keys are made from a prefix, see decision 10.
-- KEYS: 1 meta  2 place   ARGV: 1 policy  2 place  3 what keys of these users begin with  4 at most so many
-- 5 since and 6 user, after whom; '' from the beginning
-- Reply: {'young'} or {'ok', how many there are, user, since, since as shown, ver, name, groups (JSON), data, …}

local WINDOW = 500

-- How many of those who came at one moment are up to a member, who may have left meanwhile: then none.
local function upTo(key, since, user)
  local score, seen = call('ZMSCORE', key, user)[1], 0
  if not score or score + 0 ~= since + 0 then return 0 end
  repeat
    local some = call('ZRANGEBYSCORE', key, since, since, 'LIMIT', seen, WINDOW)
    for i = 1, #some do
      if some[i] == user then return seen + i end
    end
    seen = seen + #some
  until #some == 0
  return 0
end

local function placeslice(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local index, place, prefix, most = KEYS[2], ARGV[2], ARGV[3], ARGV[4] + 0
  local since, user = ARGV[5] ~= '' and ARGV[5] or '-inf', ARGV[6]
  local from = user ~= '' and upTo(index, since, user) or 0
  local users = call('ZRANGEBYSCORE', index, since, '+inf', 'LIMIT', from, most)
  local reply = { 'ok', call('ZCARD', index) }
  for _, member in ipairs(users) do
    local userKey = prefix .. member
    local row = RowCodec.decode(call('GET', userKey))
    local stay = Parts.find(row.places, 'place', place)
    if stay and stay.since > 0 then
      local n = #reply
      reply[n + 1], reply[n + 2], reply[n + 3] = member, digits(stay.since), digits(Show.shownActivity(stay.since) or 0)
      reply[n + 4], reply[n + 5], reply[n + 6], reply[n + 7] = digits(stay.ver), row.name or '', row.groups or '', stay.data or ''
    end
  end
  return reply
end
define('placeslice', placeslice, { 'no-writes' })
