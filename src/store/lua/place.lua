-- A session enters a place, says other data there, or leaves it.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with: session, place, 'enter' or 'leave', data ('' for
-- none), profile as in profile.lua (JSON)
-- Reply: {'young'|'not_found'|'too_many_places'|'put_out'|'revoked'} or {'ok', the user as in reply.lua, places of the session, …}
local function place(keys, args)
  local held, session
  local reply = Single.run(keys, args, 7, function(row, _, arg, entry)
    local data, profile = ARGV[arg + 3], cjson.decode(ARGV[arg + 4])
    held, session = row, ARGV[arg]
    if ARGV[arg + 2] == 'leave' then
      local stay = Parts.find(row.places, 'place', ARGV[arg + 1])
      if not stay or not Parts.find(stay.sessions, 'session', session) then return 'ok' end
      PlaceSession.leaveBySession(row, session, ARGV[arg + 1])
      return
    end
    local issued = profile.issued or profile.iat
    if Ending.isRevoked(row, issued) then return 'revoked' end
    if data == '' then data = nil end
    local everybody = PlaceBook.putOut(entry.tenant.name, ARGV[arg + 1])
    local verdict = PlaceSession.enterBySession(row, session, ARGV[arg + 1], data, issued, everybody)
    if verdict ~= 'entered' then return verdict end
    if data then order = order + 1 end
  end)
  if reply[1] == 'ok' then
    for _, id in ipairs(PlaceSession.sessionPlaces(held, session)) do reply[#reply + 1] = id end
  end
  return reply
end
define('place', place)
