-- Begins, prolongs or ends a session: presence without a socket.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with: id, ms it lives ('' ends it),
-- 'active', 'idle' or '', devices as bits, profile as in profile.lua (JSON)
-- Reply: {'young'|'too_many_sessions'|'revoked'} or {'ok', the user as in reply.lua}
local function session(keys, args)
  return Single.run(keys, args, 7, function(row, at, arg, entry)
    local id, ttl, activity = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
    if ttl == '' then
      if not row.sessions[id] then return 'ok' end
      at.deliberate = 'goodbye'
      Sessions.endSession(row, id)
      return
    end
    local profile = cjson.decode(ARGV[arg + 4])
    local issued = profile.issued or profile.iat
    if Ending.isRevoked(row, issued) then return 'revoked' end
    if not Sessions.keepSession(row, id, now + ttl, activity, ARGV[arg + 3] + 0, issued) then return 'too_many_sessions' end
    Settle.mergeProfile(entry, profile)
  end)
end
define('session', session)
