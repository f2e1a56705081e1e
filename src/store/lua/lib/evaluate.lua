-- What others see of a user: the mirror of domain/{row,evaluate}.ts, in the same order and under the same names.
-- Needs: context.lua (the policy `P`, the circumstances `C`), row.lua.
local OWN, TOOK_ACTIVE, TOOK_IDLE = 0, 1, 2
local FOREVER = math.huge

local function newestOpening(row)
  local newest = 0
  for _, part in pairs(row.parts) do newest = math.max(newest, part.opened) end
  return newest
end

local function lastActive(row)
  local last = row.seen
  for _, part in pairs(row.parts) do if part.stance == OWN then last = math.max(last, part.act) end end
  for _, session in pairs(row.sessions) do last = math.max(last, session.act) end
  return last > 0 and last or newestOpening(row)
end

local function inGrace(row)
  return row.leave ~= nil and (row.status ~= 'offline' or row.frozen ~= nil)
end

local function isAlive(row)
  return next(row.parts) ~= nil or next(row.sessions) ~= nil
end

local function isPresent(row)
  return isAlive(row) or inGrace(row)
end

local function activeUntil(row)
  local last = lastActive(row)
  local function untilOf(act) return P.away > 0 and act + P.away or FOREVER end
  local latest = 0
  for _, part in pairs(row.parts) do
    if not part.idle and part.stance ~= TOOK_IDLE then
      latest = math.max(latest, part.stance == OWN and FOREVER or untilOf(math.min(part.opened, last)))
    end
  end
  for _, session in pairs(row.sessions) do
    if not session.idle then latest = math.max(latest, untilOf(session.act)) end
  end
  if inGrace(row) and not row.leave.idle then latest = math.max(latest, untilOf(last)) end
  return latest
end

local function countingClaim(row)
  local best
  if row.own and row.own.status ~= cjson.null then
    best = { status = row.own.status, priority = 100, stamp = row.own.stamp, source = 'user', from = row.own }
    if best.status == 'invisible' then return best end
  end
  for source, claim in pairs(row.claims) do
    if not best or claim.priority > best.priority or (claim.priority == best.priority and
        (claim.stamp > best.stamp or (claim.stamp == best.stamp and source > best.source))) then
      best = { status = claim.status, priority = claim.priority, stamp = claim.stamp, source = source, from = claim }
    end
  end
  return best
end

local function deviceBits(mask, more)
  for _, bit in ipairs({ 1, 2, 4, 8 }) do
    if math.floor(more / bit) % 2 == 1 and math.floor(mask / bit) % 2 == 0 then mask = mask + bit end
  end
  return mask
end

local function devicesOf(row)
  local mask = 0
  for _, part in pairs(row.parts) do mask = deviceBits(mask, part.devices) end
  for _, session in pairs(row.sessions) do mask = deviceBits(mask, session.devices) end
  if inGrace(row) then mask = deviceBits(mask, row.leave.devices) end
  return mask
end

local function expire(row, held)
  local ended = {}
  if row.own and row.own['until'] and row.own['until'] <= C.now then
    row.own = { status = cjson.null, stamp = row.own.stamp }
    ended.claim = true
  end
  for source, claim in pairs(row.claims) do
    if claim['until'] and claim['until'] <= C.now then
      row.claims[source] = nil
      ended.claim = true
    end
  end
  for id, session in pairs(row.sessions) do
    if session.expires <= C.now then
      row.seen = math.max(row.seen, session.act)
      row.sessions[id] = nil
      ended.session = true
    end
  end
  if not held and row.leave and row.leave.at + row.leave.grace + C.lag <= C.now then
    ended.leave = row.leave
    row.leave = nil
  end
  return ended
end

local function decide(row)
  if not isPresent(row) then return { status = 'offline', shown = {}, why = 'gone' } end
  local claim = countingClaim(row)
  if claim and claim.status == 'invisible' then return { status = 'offline', shown = {}, why = 'invisible' } end
  local active = activeUntil(row) > C.now
  local forgotten = P.offline > 0 and not active and lastActive(row) + P.offline <= C.now
  if forgotten and not (claim and claim.status == 'busy') then
    return { status = 'offline', shown = {}, why = 'idle' }
  end
  if claim then
    local from = claim.from
    return { status = claim.status, why = 'claim',
      shown = { text = from.text, emoji = from.emoji, ['until'] = from['until'] } }
  end
  return { status = active and 'online' or 'away', shown = {}, why = 'activity' }
end

local function retainedUntil(row)
  if row.own and row.own.status ~= cjson.null and not row.own['until'] then return FOREVER end
  local told = math.max(row.since, row.seen, row.own and math.floor(row.own.stamp / 1000) or 0)
  for _, claim in pairs(row.claims) do told = math.max(told, math.floor(claim.stamp / 1000)) end
  return told + P.retention
end

local function isForgettable(row)
  return not isAlive(row) and not row.leave and row.status == 'offline' and retainedUntil(row) <= C.now
end

local function deadline(row, target)
  local soonest = FOREVER
  local function at(time) if time and time > C.now then soonest = math.min(soonest, time) end end
  at(row.own and row.own['until'])
  for _, claim in pairs(row.claims) do at(claim['until']) end
  for _, session in pairs(row.sessions) do at(session.expires) end
  if row.leave then
    soonest = math.min(soonest, math.max(row.leave.at + row.leave.grace + C.lag, C.now + 1))
  end
  if isPresent(row) then
    local active = activeUntil(row)
    if active > C.now then at(active) elseif P.offline > 0 then at(lastActive(row) + P.offline) end
  elseif target.status == 'offline' then
    soonest = math.min(soonest, math.max(retainedUntil(row), C.now + 1))
  end
  return soonest < FOREVER and soonest or 0
end

local function isClaimShown(row)
  return row.status == 'busy' or next(row.shown) ~= nil
end

local function isLess(row, target)
  if row.status == 'offline' then return false end
  if target.status == 'offline' then return true end
  if row.status == 'online' and target.status == 'away' then return true end
  return isClaimShown(row) and target.why ~= 'claim'
end

local function reasonOf(row, target, at, ended)
  if target.why == 'invisible' then return 'goodbye' end
  if target.why == 'idle' then return 'idle' end
  if target.why == 'gone' then
    if ended.leave then return ended.leave.lost and 'node_lost' or 'disconnect' end
    return ended.session and 'expired' or 'goodbye'
  end
  if row.status == 'offline' then
    if not at.present or at.hidden then return 'connect' end
    return target.why == 'claim' and 'claim' or 'active'
  end
  if ended.claim then return 'expired' end
  if target.why == 'claim' or isClaimShown(row) then return 'claim' end
  return target.status == 'away' and 'idle' or 'active'
end

local function before(row)
  return { present = isPresent(row), hidden = row.frozen ~= nil }
end

-- at: {present, hidden} of before the change, deliberate, repair. Returns the change to show, if any.
local function evaluate(row, at)
  local held = C.hold > C.now
  local ended = expire(row, held)
  local target = decide(row)
  row.due = deadline(row, target)
  if row.own and row.own.status == 'invisible' then
    row.frozen = row.frozen or lastActive(row)
  elseif target.status ~= 'offline' then
    row.frozen = nil
  end
  local old, new = row.shown, target.shown
  if target.status == row.status and old.text == new.text and old.emoji == new.emoji and old['until'] == new['until'] then
    return nil
  end
  if held and not at.deliberate and isLess(row, target) then
    row.due = row.due == 0 and C.hold or math.min(row.due, C.hold)
    return nil
  end
  target.reason = at.repair and 'resync' or reasonOf(row, target, at, ended)
  target.previous = row.status
  return target
end
