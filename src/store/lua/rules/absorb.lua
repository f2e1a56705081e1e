-- How inputs change: the mirror of domain/absorb.ts.

function Absorb.restore(row, known)
  if not known or known.ver <= max(row.ver, row.forgotten or 0) then return false end
  order = max(order, known.ver)
  row.status, row.since, row.ver = known.status, known.since, known.ver
  local shown = { text = known.text, emoji = known.emoji, ['until'] = known['until'] }
  row.shown = next(shown) and shown or EMPTY
  row.seen = max(row.seen, known.lastSeen or 0)
  -- What was frozen while invisible is as lost as the row: what others were shown of it is what the view says.
  if row.frozen or (row.own and row.own.status == 'invisible' and known.status == 'offline') then
    row.frozen = known.lastSeen or 0
  end
  return true
end

function Absorb.takeOwnClaim(row, claim)
  if not claim or claim.stamp <= max(row.own and row.own.stamp or 0, row.forgotten or 0) then return false end
  row.own = claim.status == cjson.null and { status = cjson.null, stamp = claim.stamp } or claim
  -- What is set later has to find a greater stamp, also where the clock stands.
  order = max(order, claim.stamp)
  return true
end

local function stanceOnOpening(row, report, restored)
  if restored and row.status ~= 'offline' then
    local active = row.status == 'online' or AWAY == 0 or row.seen + AWAY > now
    return active and OWN or TOOK_IDLE
  end
  if not Row.isPresent(row) then return report.openedIdle and TOOK_IDLE or OWN end
  if not report.openedIdle and not Row.isInGrace(row) and report.opened >= row.back then return OWN end
  return Row.activeUntil(row) > now and TOOK_ACTIVE or TOOK_IDLE
end

-- Several closes make one grace: it runs to the latest end, and is idle only when everything that closed was.
function Absorb.joinLeave(row, at, grace, idle, lost, devices)
  local leave = row.leave
  if not leave then
    row.leave = { at = at, grace = grace, idle = idle, lost = lost, devices = devices }
    return
  end
  local ending = max(at + grace, leave.at + leave.grace)
  if at > leave.at then leave.at, leave.lost = at, lost end
  leave.grace, leave.idle, leave.devices = ending - leave.at, idle and leave.idle, Devices.union(devices, leave.devices)
end

-- With nobody left, or somebody who opened later, the newest opening that is gone says nothing any more.
local function forgetLeft(row)
  if row.left > 0 and (not row.parts[1] or Row.newestOpening(row) >= row.left) then row.left = 0 end
end

local function leaveOrReturn(row, prior, report, stance)
  local leave = row.leave
  if not leave and report.closed == 0 then return end
  local opened = max(Row.newestOpening(row), row.left, report.opened)
  if leave and opened >= leave.at then row.back, row.leave = leave.at + leave.grace, nil end
  if report.closed == 0 or report.closed <= opened then return end
  local wasIdle = report.count == 0 or not prior or prior.idle
  Absorb.joinLeave(row, report.closed, report.grace, stance == TOOK_IDLE or (report.idle and wasIdle), false,
    Devices.union(prior and prior.devices or 0, report.devices))
end

-- A report becomes the node's part of the row. Returns whether the row was restored, whether a newer own claim came with
-- the report, and what the part was before.
function Absorb.absorb(row, node, report)
  if Ending.isForgotten(row, max(report.opened, report.watched or 0)) then
    report.count = 0
    return false, false
  end
  -- What was ended is gone, grace and all, though its node has not heard of it.
  if Ending.isEnded(row, report.opened) then report.count, report.closed = 0, 0 end
  local claimed = report.claim and Absorb.takeOwnClaim(row, report.claim) and 'claim'
  local restored = report.known and Absorb.restore(row, report.known)
  local prior, position = RowCodec.partOf(row, node)
  if report.name or report.groups then Profile.takeWords(row, report, report.watched and now) end
  local act, stance = report.act, OWN
  if act == 0 then
    if prior then
      act, stance = prior.act, prior.stance
    else
      stance = stanceOnOpening(row, report, restored)
      act = stance == OWN and report.opened or 0
    end
  end
  if report.count > 0 then
    if position or #row.parts < RowCodec.MAX_NODES then
      report.act, report.stance = act, stance
      row.parts[position or #row.parts + 1] = report
    end
  elseif prior or report.act > 0 then
    if stance == OWN then row.seen = max(row.seen, act) end
    if position then table.remove(row.parts, position) end
    -- With nobody left it is forgotten again below.
    if row.parts[1] then row.left = max(row.left, report.opened) end
  end
  -- Who was shown online was active, but when is lost with the row: else who returns would take over idleness.
  if restored and row.status == 'online' and row.seen == 0 then row.seen = now end
  leaveOrReturn(row, prior, report, stance)
  forgetLeft(row)
  return restored, claimed, prior
end

-- Clears what a dead node held: the mirror of `loseNode` in domain/absorb.ts.
function Absorb.loseNode(row, node, lastBeat, diedBy)
  local prior, position = RowCodec.partOf(row, node)
  if not prior then return false end
  if prior.stance == OWN then row.seen = max(row.seen, prior.idle and prior.act or max(prior.act, lastBeat)) end
  table.remove(row.parts, position)
  local idle = prior.idle or prior.stance == TOOK_IDLE
  if diedBy > max(Row.newestOpening(row), row.left) then Absorb.joinLeave(row, diedBy, GRACE, idle, true, prior.devices) end
  forgetLeft(row)
  return true
end
