-- Claims of services and presence without a socket: the mirror of domain/{claims,sessions}.ts. Needs: evaluate.lua.
-- Exports: setClaim, keepSession, endSession
local MAX_CLAIMS, MAX_SESSIONS = 8, 16

local function othersBeside(map, key, ending, at)
  local others = 0
  for other, each in pairs(map) do
    if other ~= key and (not each[ending] or each[ending] > at) then others = others + 1 end
  end
  return others
end

-- Returns false when there are too many already.
function setClaim(row, source, claim)
  if claim and othersBeside(row.claims, source, 'until', redisNow) >= MAX_CLAIMS then return false end
  if row.claims == EMPTY then row.claims = {} end
  row.claims[source] = claim
  return true
end

-- The first call is activity unless it says otherwise; one that begins idle takes over the user's last activity.
function keepSession(row, id, expires, activity, devices, issued)
  local known = row.sessions[id]
  local prior = known and known.expires > now and known or nil
  if not prior and othersBeside(row.sessions, id, 'expires', now) >= MAX_SESSIONS then return false end
  local idle = activity == 'idle' or (activity == '' and prior ~= nil and prior.idle)
  local act = now
  if activity ~= 'active' then act = prior and prior.act or (idle and lastActive(row) > 0 and lastActive(row)) or now end
  if row.sessions == EMPTY then row.sessions = {} end
  row.sessions[id] = { expires = expires, act = act, idle = idle, devices = devices, issued = issued }
  return true
end

function endSession(row, id)
  row.seen = max(row.seen, row.sessions[id].act)
  row.sessions[id] = nil
end
