-- How inputs change: the mirror of domain/absorb.ts. Needs: evaluate.lua.
local function restore(row, known)
  if not known or known.ver <= row.ver then return false end
  C.clock = math.max(C.clock, known.ver)
  row.status, row.since, row.ver = known.status, known.since, known.ver
  row.shown = { text = known.text, emoji = known.emoji, ['until'] = known['until'] }
  row.seen = math.max(row.seen, known.lastSeen or 0)
  return true
end

local function takeOwnClaim(row, claim)
  if not claim or claim.stamp <= (row.own and row.own.stamp or 0) then return false end
  row.own = claim.status == cjson.null and { status = cjson.null, stamp = claim.stamp } or claim
  return true
end

local function takeProfile(row, report)
  if report.iat < row.iat or (not report.name and not report.groups) then return end
  row.iat = report.iat
  row.name = report.name or row.name
  row.groups = report.groups or row.groups
end

local function stanceOnOpening(row, restored)
  if restored and row.status ~= 'offline' then
    local active = row.status == 'online' or P.away == 0 or row.seen + P.away > C.now
    return active and OWN or TOOK_IDLE
  end
  if not isPresent(row) then return OWN end
  return activeUntil(row) > C.now and TOOK_ACTIVE or TOOK_IDLE
end

local function leaveOrReturn(row, prior, report, stance)
  local opened = math.max(newestOpening(row), report.opened)
  local leave = row.leave
  if leave and opened > leave.at then leave, row.leave = nil, nil end
  if report.closed == 0 or report.closed <= opened then return end
  if leave and report.closed <= leave.at then return end
  local idle = report.idle
  if report.count > 0 and prior then idle = prior.idle end
  idle = idle or stance == TOOK_IDLE
  row.leave = {
    at = report.closed,
    grace = math.max(report.grace, leave and leave.at + leave.grace - report.closed or 0),
    idle = idle and (not leave or leave.idle),
    lost = false,
    devices = deviceBits(deviceBits(prior and prior.devices or 0, report.devices), leave and leave.devices or 0),
  }
end

-- Returns whether the row was restored and whether a newer own claim came with the report.
local function absorb(row, node, report)
  local restored = restore(row, report.known)
  local prior = row.parts[node]
  local claimed = takeOwnClaim(row, report.claim)
  takeProfile(row, report)
  local act, stance = report.act, OWN
  if act == 0 then
    stance = prior and prior.stance or stanceOnOpening(row, restored)
    act = prior and prior.act or (stance == OWN and report.opened or 0)
  end
  if report.count > 0 then
    row.parts[node] = { count = report.count, act = act, stance = stance, idle = report.idle,
      opened = report.opened, devices = report.devices }
  elseif prior or report.act > 0 then
    if stance == OWN then row.seen = math.max(row.seen, act) end
    row.parts[node] = nil
  end
  leaveOrReturn(row, prior, report, stance)
  return restored, claimed
end

local function loseNode(row, node, lastBeat, diedBy, grace)
  local prior = row.parts[node]
  if not prior then return false end
  local active = prior.stance == OWN and not prior.idle
  row.seen = math.max(row.seen, active and math.max(prior.act, lastBeat) or (prior.stance == OWN and prior.act or 0))
  row.parts[node] = nil
  local leave, idle = row.leave, prior.idle or prior.stance == TOOK_IDLE
  if diedBy > math.max(newestOpening(row), leave and leave.at or 0) then
    row.leave = {
      at = diedBy,
      grace = math.max(grace, leave and leave.at + leave.grace - diedBy or 0),
      idle = idle and (not leave or leave.idle),
      lost = true,
      devices = deviceBits(prior.devices, leave and leave.devices or 0),
    }
  end
  return true
end
