-- "I was active now", from a user without a connection: moves their last activity, makes no user present.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the profile as in profile.lua (JSON)
-- Reply: {'young'|'revoked'} or {'ok', the user as in reply.lua}
local function touch(keys, args)
  return Single.run(keys, args, 3, function(row, _, arg, entry)
    local profile = cjson.decode(ARGV[arg])
    if Ending.isRevoked(row, profile.issued or profile.iat) then return 'revoked' end
    row.goneActiveAt = max(row.goneActiveAt, now)
    Settle.mergeProfile(entry, profile)
  end)
end
define('touch', touch)
