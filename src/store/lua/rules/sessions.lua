-- Presence without a socket: the mirror of domain/sessions.ts.
local MAX_SESSIONS = 16

local function othersAlive(row, id)
  local others = 0
  for other, session in pairs(row.sessions) do
    if other ~= id and session.expiresAt > now then others = others + 1 end
  end
  return others
end

-- The first call is activity unless it says otherwise; a session that begins idle inherits the user's last activity.
function Sessions.keepSession(row, id, expires, activity, devices, issued)
  local known = row.sessions[id]
  local prior = known and known.expiresAt > now and known or nil
  if not prior and othersAlive(row, id) >= MAX_SESSIONS then return false end
  local idle = activity == 'idle' or (activity == '' and prior ~= nil and prior.idle)
  local act = now
  if activity ~= 'active' then act = prior and prior.activeAt or (idle and Row.lastActive(row) > 0 and Row.lastActive(row)) or now end
  if row.sessions == EMPTY then row.sessions = {} end
  row.sessions[id] = { expiresAt = expires, activeAt = act, idle = idle, devices = devices, issued = issued }
  return true
end

function Sessions.endSession(row, id)
  row.goneActiveAt = max(row.goneActiveAt, row.sessions[id].activeAt)
  row.sessions[id] = nil
end
