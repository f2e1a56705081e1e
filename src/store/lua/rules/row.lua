-- What follows from a row alone: the mirror of domain/row.ts.

function Row.isAlive(row)
  return row.nodes[1] ~= nil or next(row.sessions) ~= nil
end

function Row.isInGrace(row)
  return row.grace ~= nil and (row.status ~= 'offline' or row.hiddenLastSeen ~= nil or Row.isAlive(row))
end

function Row.isPresent(row)
  return Row.isAlive(row) or Row.isInGrace(row)
end

function Row.newestOpening(row)
  local nodes, newest = row.nodes, 0
  for i = 1, #nodes do
    if nodes[i].openedAt > newest then newest = nodes[i].openedAt end
  end
  return newest
end

local function reportedActive(row)
  local nodes, last = row.nodes, row.goneActiveAt
  for i = 1, #nodes do
    if nodes[i].stance == OWN and nodes[i].activeAt > last then last = nodes[i].activeAt end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do last = max(last, session.activeAt) end
  end
  return last
end

function Row.lastActive(row)
  local last = reportedActive(row)
  return last > 0 and last or Row.newestOpening(row)
end

-- The same as others may know it. For a user never shown, only what closed connections reported; connecting is none.
function Row.knownActive(row)
  return row.ver == 0 and row.goneActiveAt or reportedActive(row)
end

-- What would be known of the user's last activity if everything alive of them said goodbye now; 0 for nothing.
function Row.lastSeenAfterGoodbye(row)
  local nodes, seen = row.nodes, row.goneActiveAt
  for i = 1, #nodes do
    local holding = nodes[i]
    if holding.stance == OWN then
      local isStale = not holding.idle and AWAY > 0 and holding.activeAt + AWAY <= now
      seen = max(seen, isStale and now or holding.activeAt)
    end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do seen = max(seen, session.activeAt) end
  end
  return seen
end

-- Until when the user counts as active: FOREVER while a node watches over it, a past time when idle.
function Row.activeUntil(row)
  local nodes, wait, latest = row.nodes, AWAY > 0 and AWAY or FOREVER, 0
  for i = 1, #nodes do
    local holding = nodes[i]
    if not holding.idle and holding.stance ~= INHERITED_IDLE then
      if holding.stance == OWN then return FOREVER end
      latest = max(latest, min(holding.openedAt, Row.lastActive(row)) + wait)
    end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do
      if not session.idle then latest = max(latest, session.activeAt + wait) end
    end
  end
  if row.grace and not row.grace.idle and Row.isInGrace(row) then latest = max(latest, Row.lastActive(row) + wait) end
  return latest
end

function Row.countingClaim(row)
  local best, priority, source
  if row.ownClaim and row.ownClaim.status ~= cjson.null then
    best, priority, source = row.ownClaim, 100, 'user'
    if best.status == 'invisible' then return best end
  end
  for name, claim in pairs(row.claims) do
    if not (claim.from and claim.from > redisNow) and (not best or claim.priority > priority or (claim.priority == priority and
        (claim.stamp > best.stamp or (claim.stamp == best.stamp and name > source)))) then
      best, priority, source = claim, claim.priority, name
    end
  end
  return best
end

function Row.devicesOf(row)
  local nodes, mask = row.nodes, 0
  for i = 1, #nodes do mask = Devices.union(mask, nodes[i].devices) end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do mask = Devices.union(mask, session.devices) end
  end
  if row.grace and Row.isInGrace(row) then mask = Devices.union(mask, row.grace.devices) end
  return mask
end

-- Kinds in use: those that count in `activeUntil`.
function Row.inUse(row)
  local nodes, last, mask = row.nodes, Row.lastActive(row), 0
  local function isActive(act) return AWAY == 0 or act + AWAY > now end
  for i = 1, #nodes do
    local holding = nodes[i]
    if holding.stance == OWN or holding.stance == INHERITED_ACTIVE and isActive(min(holding.openedAt, last)) then
      mask = Devices.union(mask, Devices.devicesInUse(holding))
    end
  end
  for _, session in pairs(row.sessions) do
    if isActive(session.activeAt) then mask = Devices.union(mask, Devices.devicesInUse(session)) end
  end
  if row.grace and Row.isInGrace(row) and isActive(last) then mask = Devices.union(mask, Devices.devicesInUse(row.grace)) end
  return mask
end

function Row.isInvisible(row)
  return row.ownClaim ~= nil and row.ownClaim.status == 'invisible'
end
