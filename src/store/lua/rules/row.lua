-- What a row says by itself: the mirror of domain/row.ts.

function Row.isAlive(row)
  return row.parts[1] ~= nil or next(row.sessions) ~= nil
end

function Row.isInGrace(row)
  return row.leave ~= nil and (row.status ~= 'offline' or row.frozen ~= nil or Row.isAlive(row))
end

function Row.isPresent(row)
  return Row.isAlive(row) or Row.isInGrace(row)
end

function Row.newestOpening(row)
  local parts, newest = row.parts, 0
  for i = 1, #parts do
    if parts[i].opened > newest then newest = parts[i].opened end
  end
  return newest
end

local function toldActive(row)
  local parts, last = row.parts, row.seen
  for i = 1, #parts do
    if parts[i].stance == OWN and parts[i].act > last then last = parts[i].act end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do last = max(last, session.act) end
  end
  return last
end

function Row.lastActive(row)
  local last = toldActive(row)
  return last > 0 and last or Row.newestOpening(row)
end

-- The same as others may know it: of somebody they never saw, only what was told by what is gone; to come is none.
function Row.knownActive(row)
  return row.ver == 0 and row.seen or toldActive(row)
end

-- What would be known of the user's last activity had all that is alive of them said goodbye now; 0 for nothing.
function Row.seenAfterGoodbye(row)
  local parts, seen = row.parts, row.seen
  for i = 1, #parts do
    local part = parts[i]
    if part.stance == OWN then
      local isStale = not part.idle and AWAY > 0 and part.act + AWAY <= now
      seen = max(seen, isStale and now or part.act)
    end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do seen = max(seen, session.act) end
  end
  return seen
end

-- Until when the user counts as active: FOREVER while a node watches over it, a past time when idle.
function Row.activeUntil(row)
  local parts, wait, latest = row.parts, AWAY > 0 and AWAY or FOREVER, 0
  for i = 1, #parts do
    local part = parts[i]
    if not part.idle and part.stance ~= TOOK_IDLE then
      if part.stance == OWN then return FOREVER end
      latest = max(latest, min(part.opened, Row.lastActive(row)) + wait)
    end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do
      if not session.idle then latest = max(latest, session.act + wait) end
    end
  end
  if row.leave and not row.leave.idle and Row.isInGrace(row) then latest = max(latest, Row.lastActive(row) + wait) end
  return latest
end

function Row.countingClaim(row)
  local best, priority, source
  if row.own and row.own.status ~= cjson.null then
    best, priority, source = row.own, 100, 'user'
    if best.status == 'invisible' then return best end
  end
  for name, claim in pairs(row.claims) do
    if not best or claim.priority > priority or (claim.priority == priority and
        (claim.stamp > best.stamp or (claim.stamp == best.stamp and name > source))) then
      best, priority, source = claim, claim.priority, name
    end
  end
  return best
end

function Row.devicesOf(row)
  local parts, mask = row.parts, 0
  for i = 1, #parts do mask = Devices.union(mask, parts[i].devices) end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do mask = Devices.union(mask, session.devices) end
  end
  if row.leave and Row.isInGrace(row) then mask = Devices.union(mask, row.leave.devices) end
  return mask
end

function Row.isInvisible(row)
  return row.own ~= nil and row.own.status == 'invisible'
end
