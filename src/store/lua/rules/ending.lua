-- Ends everything alive of a user, and keeps what must stay: the mirror of domain/ending.ts.
local SKEW_S, TOMBSTONE = 5, 3600000

-- The end (ms, exclusive) of the tokens that a revocation (s) refuses. A fraction says by how much earlier it is than the
-- end of the last second. An older release reads whole seconds only, and so refuses more.
function Ending.refusedBefore(at)
  local second = floor(at)
  return (second + SKEW_S + 1) * 1000 - floor((at - second) * 1000 + 0.5)
end

-- Of several revocations the one that refuses most counts.
function Ending.revoke(row, at)
  if not row.revoked or Ending.refusedBefore(at) > Ending.refusedBefore(row.revoked) then row.revoked = at end
end

function Ending.endAll(row, how)
  for _, holding in ipairs(row.nodes) do
    if holding.stance == OWN then row.goneActiveAt = max(row.goneActiveAt, holding.idle and holding.activeAt or now) end
  end
  for _, session in pairs(row.sessions) do row.goneActiveAt = max(row.goneActiveAt, session.activeAt) end
  row.nodes, row.sessions, row.grace, row.goneOpenedAt = {}, EMPTY, nil, 0
  row.ended = { at = nowMicros + shift * 1000, how = how }
  if row.endedDevices then row.endedDevices = nil end
  if how == 'revoke' then Ending.revoke(row, floor(redisNow / 1000)) end
end

-- Ends the connections, sessions and grace of one kind of device. Of a node that holds several kinds only the node knows how
-- many connections are left. Returns the holdings that are gone.
function Ending.endDevice(row, bit)
  local left, gone = {}, {}
  row.endedDevices = row.endedDevices or {}
  row.endedDevices[digits(bit)] = nowMicros + shift * 1000
  for _, holding in ipairs(row.nodes) do
    if holding.devices ~= bit then
      holding.devices = Devices.without(holding.devices, bit)
      left[#left + 1] = holding
    else
      if holding.stance == OWN then row.goneActiveAt = max(row.goneActiveAt, holding.idle and holding.activeAt or now) end
      row.goneOpenedAt = max(row.goneOpenedAt, holding.openedAt)
      gone[#gone + 1] = holding
    end
  end
  row.nodes = left
  if not left[1] then row.goneOpenedAt = 0 end
  for id, session in pairs(row.sessions) do
    if session.devices == bit then Sessions.endSession(row, id) end
  end
  local grace = row.grace
  if grace then
    if grace.devices == bit then row.grace = nil else grace.devices = Devices.without(grace.devices, bit) end
  end
  return gone
end

-- What is left stops late reports of nodes from restoring anything, and keeps a revocation in force, also one of places. Others
-- are still to be shown that the user left these.
function Ending.forget(row)
  local revoked, places, putOut = row.revoked, row.places, row.putOut
  for field in pairs(row) do row[field] = nil end
  row.nodes, row.status, row.since, row.ver, row.nextDeadline, row.goneActiveAt = {}, 'offline', 0, 0, 0, 0
  row.revoked, row.forgotten, row.forgottenAt = revoked, order, now
  if places ~= EMPTY then row.places = places end
  if putOut ~= EMPTY then row.putOut = putOut end
  row.ended = { at = nowMicros + shift * 1000, how = 'forget' }
end

function Ending.isEnded(row, opened)
  return row.ended and opened <= floor(row.ended.at / 1000)
end

-- Whether reported connections are all of kinds that have been ended.
function Ending.areDevicesEnded(row, devices, opened)
  if devices == 0 then return false end
  for bit, at in pairs(row.endedDevices) do
    if opened <= floor(at / 1000) then devices = Devices.without(devices, bit + 0) end
  end
  return devices == 0
end

function Ending.isForgotten(row, opened)
  return row.forgotten and opened <= row.forgottenAt
end

-- `issued`: the latest moment (s) at which the token can have been issued, 0 for a token without `iat`.
function Ending.refusesToken(at, issued)
  return issued == 0 or floor(issued * 1000 + 0.5) < Ending.refusedBefore(at)
end

function Ending.isRevoked(row, issued)
  return row.revoked and Ending.refusesToken(row.revoked, issued)
end

-- Ends the sessions kept alive with tokens that are now refused. Returns whether there were any.
function Ending.endRefusedSessions(row)
  local ended = false
  for id, session in pairs(row.sessions) do
    if Ending.isRevoked(row, session.issued or 0) then
      row.goneActiveAt = max(row.goneActiveAt, session.activeAt)
      row.sessions[id] = nil
      ended = true
    end
  end
  return ended
end

function Ending.revokedUntil(row)
  return row.revoked and row.revoked * 1000 + REVOCATION or 0
end

function Ending.tombstoneUntil(row)
  return row.forgotten and row.forgottenAt + TOMBSTONE or 0
end
