-- How inputs change: the mirror of domain/absorb.ts.

function Absorb.restore(row, known)
  if not known or known.ver <= max(row.ver, row.forgotten or 0) then return false end
  order = max(order, known.ver)
  row.status, row.since, row.ver = known.status, known.since, known.ver
  local shown = { text = known.text, emoji = known.emoji, ['until'] = known['until'] }
  row.shown = next(shown) and shown or EMPTY
  row.shownNote = known.note or EMPTY
  -- The view shows a later word than the row has; the nodes of the person know its stamp.
  if row.note and row.note.stamp <= known.ver and not Adornment.sameAdornment(row.note, row.shownNote) then row.note = nil end
  row.goneActiveAt = max(row.goneActiveAt, known.lastSeen or 0)
  -- What was frozen while invisible is lost with the row. The view says what others were shown of it.
  if row.hiddenLastSeen or (row.ownClaim and row.ownClaim.status == 'invisible' and known.status == 'offline') then
    row.hiddenLastSeen = known.lastSeen or 0
  end
  return true
end

function Absorb.mergeOwnClaim(row, claim)
  if not claim or claim.stamp <= max(row.ownClaim and row.ownClaim.stamp or 0, row.forgotten or 0) then return false end
  row.ownClaim = claim.status == cjson.null and { status = cjson.null, stamp = claim.stamp } or claim
  -- A later claim must get a greater stamp, even where the clock stands still.
  order = max(order, claim.stamp)
  return true
end

local function stanceOnOpening(row, report, restored)
  if restored and row.status ~= 'offline' then
    local active = row.status == 'online' or AWAY == 0 or row.goneActiveAt + AWAY > now
    return active and OWN or INHERITED_IDLE
  end
  if not Row.isPresent(row) then return report.openedIdle and INHERITED_IDLE or OWN end
  if not report.openedIdle and not Row.isInGrace(row) and report.openedAt >= row.endedGraceUntil then return OWN end
  return Row.activeUntil(row) > now and INHERITED_ACTIVE or INHERITED_IDLE
end

-- Several closes make one grace: it runs to the latest end, and is idle only when every connection that closed was.
-- `used`: the kinds in use among `devices`.
function Absorb.mergeGrace(row, at, duration, idle, lost, devices, used)
  local grace = row.grace
  if idle then used = 0 end
  if grace then
    local ending = max(at + duration, grace.startedAt + grace.durationMs)
    if at > grace.startedAt then grace.startedAt, grace.nodeLost = at, lost end
    used, devices = Devices.union(used, Devices.devicesInUse(grace)), Devices.union(devices, grace.devices)
    grace.durationMs, grace.idle, grace.devices = ending - grace.startedAt, idle and grace.idle, devices
  else
    grace = { startedAt = at, durationMs = duration, idle = idle, nodeLost = lost, devices = devices }
    row.grace = grace
  end
  -- Where some kind was in use and it is not known which, each may have been.
  if used == devices or used == 0 or grace.idle then
    if grace.idleDevices then grace.idleDevices = nil end
  else
    grace.idleDevices = Devices.without(devices, used)
  end
end

-- Once no connection is left, or one opened later, the newest opening that is gone is not needed any more.
local function clearGoneOpening(row)
  if row.goneOpenedAt > 0 and (not row.nodes[1] or Row.newestOpening(row) >= row.goneOpenedAt) then row.goneOpenedAt = 0 end
end

local function startOrEndGrace(row, prior, report, stance)
  local grace = row.grace
  if not grace and report.closedAt == 0 then return end
  local opened = max(Row.newestOpening(row), row.goneOpenedAt, report.openedAt)
  if grace and opened >= grace.startedAt then row.endedGraceUntil, row.grace = grace.startedAt + grace.durationMs, nil end
  if report.closedAt == 0 or report.closedAt <= opened then return end
  local wasIdle = report.count == 0 or not prior or prior.idle
  Absorb.mergeGrace(row, report.closedAt, report.graceMs, stance == INHERITED_IDLE or (report.idle and wasIdle), false,
    Devices.union(prior and prior.devices or 0, report.devices),
    Devices.union(prior and Devices.devicesInUse(prior) or 0, Devices.devicesInUse(report)))
end

-- Updates the row from a node's report. Returns whether the row was restored, whether the report brought a newer own claim,
-- what the node held before, whether it brought a newer note, and the places for which there was no room.
function Absorb.absorb(row, node, report)
  if Ending.isForgotten(row, max(report.openedAt, report.watchedAt or 0)) then
    report.count = 0
    return false, false, nil, false, EMPTY
  end
  -- Connections that were ended are gone, with their grace, although their node does not know it yet.
  local places = report.places or EMPTY
  if Ending.isEnded(row, report.openedAt) or row.endedDevices and Ending.areDevicesEnded(row, report.devices, report.openedAt) then
    report.count, report.closedAt, places = 0, 0, EMPTY
  end
  local claimed = report.claim and Absorb.mergeOwnClaim(row, report.claim) and 'claim'
  local restored = report.known and Absorb.restore(row, report.known)
  local noted = report.note and Note.mergeNote(row, report.note)
  local prior, position = RowCodec.holdingOf(row, node)
  if report.name or report.groups then Profile.mergeProfile(row, report, report.watchedAt and now) end
  local act, stance = report.activeAt, OWN
  if act == 0 then
    if prior then
      act, stance = prior.activeAt, prior.stance
    else
      stance = stanceOnOpening(row, report, restored)
      act = stance == OWN and report.openedAt or 0
    end
  end
  if report.count > 0 then
    if position or #row.nodes < RowCodec.MAX_NODES then
      report.activeAt, report.stance = act, stance
      row.nodes[position or #row.nodes + 1] = report
    end
  elseif prior or report.activeAt > 0 then
    if stance == OWN then row.goneActiveAt = max(row.goneActiveAt, act) end
    if position then table.remove(row.nodes, position) end
    -- With no connection left it is forgotten again below.
    if row.nodes[1] then row.goneOpenedAt = max(row.goneOpenedAt, report.openedAt) end
  end
  -- A user shown online was active. When is lost with the row; without this, a user who returns would inherit idleness.
  if restored and row.status == 'online' and row.goneActiveAt == 0 then row.goneActiveAt = now end
  startOrEndGrace(row, prior, report, stance)
  clearGoneOpening(row)
  if places == EMPTY and row.places == EMPTY then return restored, claimed, prior, noted, EMPTY end
  return restored, claimed, prior, noted, PlaceReport.absorbPlaces(row, node, places, report.isRevoked)
end

-- Clears what a dead node held: the mirror of `loseNode` in domain/absorb.ts.
function Absorb.loseNode(row, node, lastBeat, diedBy)
  local prior, position = RowCodec.holdingOf(row, node)
  if not prior then return false end
  if prior.stance == OWN then row.goneActiveAt = max(row.goneActiveAt, prior.idle and prior.activeAt or max(prior.activeAt, lastBeat)) end
  table.remove(row.nodes, position)
  local idle = prior.idle or prior.stance == INHERITED_IDLE
  if diedBy > max(Row.newestOpening(row), row.goneOpenedAt) then
    Absorb.mergeGrace(row, diedBy, GRACE, idle, true, prior.devices, Devices.devicesInUse(prior))
  end
  if row.places ~= EMPTY then PlaceReport.losePlaces(row, node, diedBy) end
  clearGoneOpening(row)
  return true
end
