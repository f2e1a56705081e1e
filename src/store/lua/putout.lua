-- One user is put out of a place.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the place
-- Reply: {'young'} or {'ok', the user as in reply.lua}
local function putout(keys, args)
  return Single.run(keys, args, 3, function(row, at, arg)
    local place, word = ARGV[arg], { at = now, revoked = floor(redisNow / 1000) }
    at.deliberate = 'revoked'
    PutOut.putUserOut(row, place, word)
    local stay = Parts.find(row.places, 'place', place)
    if stay then PutOut.endPutOut(stay, word) end
    return nil, function(entry)
      Commit.putOut(entry.tenant.name, place, entry.user, nowMicros + shift * 1000)
    end
  end)
end
define('putout', putout)
