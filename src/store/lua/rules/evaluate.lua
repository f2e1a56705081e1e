-- What others see of a user: the mirror of domain/evaluate.ts, in the same order.

-- Drops what time has ended. Returns the grace that ended, and whether a claim, a session or a note did.
local function expire(row, held, damped)
  local endedGrace, endedClaim, endedSession, endedNote
  -- What time has ended is kept until the change may be shown, and with it the reason.
  if not damped and row.ownClaim and row.ownClaim['until'] and row.ownClaim['until'] <= redisNow then
    row.ownClaim = { status = cjson.null, stamp = row.ownClaim.stamp }
    endedClaim = true
  end
  if not damped and (row.note or row.pendingNote or row.shownNote ~= EMPTY) then endedNote = Note.endNote(row) end
  if not damped and row.claims ~= EMPTY then
    for source, claim in pairs(row.claims) do
      if not Claims.lasts(claim) then
        Claims.endClaim(row, source, claim)
        endedClaim = true
      end
    end
  end
  if row.endedClaims ~= EMPTY then
    for source, word in pairs(row.endedClaims) do
      if Claims.rememberedUntil(word) <= redisNow then row.endedClaims[source] = nil end
    end
  end
  if not damped and row.sessions ~= EMPTY then
    for id, session in pairs(row.sessions) do
      if session.expiresAt <= now then
        row.goneActiveAt = max(row.goneActiveAt, session.activeAt)
        row.sessions[id] = nil
        endedSession = true
      end
    end
  end
  if row.revoked and Ending.revokedUntil(row) <= redisNow then row.revoked = nil end
  if row.forgotten and Ending.tombstoneUntil(row) <= now then row.forgotten = nil end
  if not held and row.grace and (not damped or Row.isAlive(row)) and row.grace.startedAt + row.grace.durationMs + lag <= now then
    endedGrace, row.grace = row.grace, nil
  end
  return endedGrace, endedClaim, endedSession, endedNote
end

-- Returns the status, what is shown with it, and why: gone, idle, invisible, claim or activity.
function Evaluate.decide(row, present, active)
  if not present then return 'offline', EMPTY, 'gone' end
  local claim = (row.ownClaim or row.claims ~= EMPTY) and Row.countingClaim(row)
  if claim and claim.status == 'invisible' then return 'offline', EMPTY, 'invisible' end
  if OFFLINE > 0 and not active and Row.lastActive(row) + OFFLINE <= now and not (claim and claim.status == 'busy') then
    return 'offline', EMPTY, 'idle'
  end
  if claim then
    local shown = { text = claim.text, emoji = claim.emoji, ['until'] = claim['until'] }
    return claim.status, next(shown) and shown or EMPTY, 'claim'
  end
  return active and 'online' or 'away', EMPTY, 'activity'
end

-- Until when others are shown the last activity of a user who is gone, or looks so. What only the person knows does not
-- count.
local function viewUntil(row)
  local told = max(row.since, Clock.stampedAt(row.ver), row.hiddenLastSeen or row.goneActiveAt)
  if row.claims ~= EMPTY then
    for _, claim in pairs(row.claims) do
      told = max(told, Clock.stampedAt(claim.stamp), claim.from and claim.from + shift or 0)
    end
  end
  if row.note then told = max(told, Clock.stampedAt(row.note.stamp)) end
  if not row.revoked and not row.forgotten then return told + RETENTION end
  return max(told + RETENTION, row.revoked and Ending.revokedUntil(row) + shift or 0, Ending.tombstoneUntil(row))
end

local function isNamed(row)
  return row.name ~= nil or row.groups ~= nil
end

-- Until when others are shown anything. A connection that only watches may have brought name and groups later.
local function shownUntil(row)
  local told = isNamed(row) and row.profileSaidAt or 0
  if row.ver == 0 then
    told = max(told, row.name and floor(row.nameIat) * 1000 + shift or 0,
      row.groups and floor(row.groupsIat) * 1000 + shift or 0)
  end
  return max(viewUntil(row), told + RETENTION)
end

local function retainedUntil(row)
  local own, note = row.ownClaim, Note.trueNote(row)
  if not own and not note and row.endedClaims == EMPTY and row.putOut == EMPTY then return shownUntil(row) end
  if own and own.status ~= cjson.null and not own['until'] then return FOREVER end
  if note and Adornment.saysSomething(note) and not note['until'] then return FOREVER end
  local said = max(own and own.stamp or 0, note and note.stamp or 0)
  local till = max(shownUntil(row), said == 0 and 0 or Clock.stampedAt(said) + RETENTION)
  for _, word in pairs(row.endedClaims) do till = max(till, Claims.rememberedUntil(word) + shift) end
  if row.putOut ~= EMPTY then till = max(till, PutOut.putsOutUntil(row) + shift) end
  return till
end

-- What others see of a user who is gone, or indistinguishable from it, ends with the retention, as it does with the row of a
-- user who left. What is true of the person stays: their claim, their connections, and what their tokens said.
local function isSeenBefore(row)
  return row.ver > 0 or (row.hiddenLastSeen or row.goneActiveAt) > 0
end

local function age(row, present)
  if present and not row.hiddenLastSeen or not (isSeenBefore(row) or isNamed(row)) or viewUntil(row) > now then return end
  local till = shownUntil(row)
  if row.hiddenLastSeen then row.hiddenLastSeen = 0 else row.goneActiveAt = 0 end
  row.claims, row.ver, row.since = EMPTY, 0, 0
  Note.withholdNote(row)
  if till > now then return end
  local name, nameIat = Profile.trueName(row)
  local groups, groupsIat = Profile.trueGroups(row)
  row.name, row.groups, row.profileSaidAt = nil, nil, 0
  row.pendingProfile = present and (name or groups) and { name = name, nameIat = nameIat, groups = groups, groupsIat = groupsIat } or nil
end

function Evaluate.isForgettable(row)
  return not Row.isPresent(row) and not row.grace and row.status == 'offline' and retainedUntil(row) <= now
end

-- Whether a new row need not be stored: the user is not present, and nothing is known of them.
function Evaluate.isNobody(row)
  return not Profile.isHeardOf(row) and Evaluate.isForgettable(row)
end

-- The next moment at which time alone may change what is shown; 0 for none.
local function deadline(row, present, activeTo, status)
  local soonest = FOREVER
  if row.ownClaim and row.ownClaim['until'] and row.ownClaim['until'] > redisNow then soonest = row.ownClaim['until'] + shift end
  if row.note or row.pendingNote or row.shownNote ~= EMPTY then
    local waiting, shown = row.pendingNote or EMPTY, row.note or row.shownNote
    if waiting['until'] and waiting['until'] > redisNow then soonest = min(soonest, waiting['until'] + shift) end
    if shown['until'] and shown['until'] > redisNow then soonest = min(soonest, shown['until'] + shift) end
  end
  if row.claims ~= EMPTY then
    for _, claim in pairs(row.claims) do
      if claim.from and claim.from > redisNow then soonest = min(soonest, claim.from + shift) end
      if claim['until'] and claim['until'] > redisNow then soonest = min(soonest, claim['until'] + shift) end
      if claim.leaseUntil and claim.leaseUntil > redisNow then soonest = min(soonest, claim.leaseUntil + shift) end
    end
  end
  for _, word in pairs(row.endedClaims) do
    local till = Claims.rememberedUntil(word) + shift
    if till > now then soonest = min(soonest, till) end
  end
  if row.sessions ~= EMPTY then
    for _, session in pairs(row.sessions) do
      if session.expiresAt > now then soonest = min(soonest, session.expiresAt) end
    end
  end
  if row.revoked and Ending.revokedUntil(row) > redisNow then soonest = min(soonest, Ending.revokedUntil(row) + shift) end
  if row.grace then
    -- Late nodes may be on time again before it; the grace then ends, if it is over.
    local over = row.grace.startedAt + row.grace.durationMs
    soonest = min(soonest, max(over, min(over + lag, lagUntil), now + 1))
  end
  if present then
    if activeTo > now then
      soonest = min(soonest, activeTo)
    elseif OFFLINE > 0 then
      local idleEnd = Row.lastActive(row) + OFFLINE
      if idleEnd > now then soonest = min(soonest, idleEnd) end
    end
  elseif status == 'offline' then
    soonest = min(soonest, max(retainedUntil(row), now + 1))
  end
  if row.hiddenLastSeen or not present then
    if isSeenBefore(row) then soonest = min(soonest, max(viewUntil(row), now + 1)) end
    if isNamed(row) then soonest = min(soonest, max(shownUntil(row), now + 1)) end
  end
  return soonest < FOREVER and soonest or 0
end

local function isClaimShown(row)
  return row.status == 'busy' or row.shown ~= EMPTY
end

local function isLess(row, status, why)
  if row.status == 'offline' then return false end
  if status == 'offline' then return true end
  if row.status == 'online' and status == 'away' then return true end
  return isClaimShown(row) and why ~= 'claim'
end

local function reasonOf(row, status, why, at, endedGrace, endedClaim, endedSession)
  if why == 'invisible' then return 'goodbye' end
  if why == 'idle' then return 'idle' end
  if why == 'gone' then
    if endedGrace then return endedGrace.nodeLost and 'node_lost' or 'disconnect' end
    if at.deliberate == 'revoked' then return 'revoked' end
    return endedSession and 'expired' or 'goodbye'
  end
  if row.status == 'offline' then
    -- A user who was never shown had to wait until other nodes had reported.
    if not at.present or at.hidden or row.ver == 0 then return 'connect' end
    return why == 'claim' and 'claim' or 'active'
  end
  if endedClaim then return 'expired' end
  if why == 'claim' or at.deliberate == 'claim' or isClaimShown(row) then return 'claim' end
  return status == 'away' and 'idle' or 'active'
end

-- One user is evaluated at a time, so one shared place holds what was true of them before.
local circumstances = { present = false, hidden = false, deliberate = false, repair = false, knownActiveAt = 0 }
function Evaluate.before(row)
  local at = circumstances
  at.present, at.hidden, at.deliberate, at.repair = Row.isPresent(row), row.hiddenLastSeen ~= nil, false, false
  -- Only computed for a user who was offline.
  at.knownActiveAt = row.status == 'offline' and (row.hiddenLastSeen or Row.knownActive(row))
  return at
end

-- Whether the change was wanted. A claim does not want its user to be gone, idle, or as idle as one of their nodes reports:
-- nodes send claims again after a loss, when other nodes may not have reported yet.
local function isOnPurpose(at, why)
  if at.deliberate ~= 'claim' then return at.deliberate end
  return why == 'claim' or why == 'invisible' or why == 'activity' and not gathering
end

-- `at`: {present, hidden, seen} of before the change, deliberate, repair.
-- Returns status, shown, reason and note of the change to show, or nothing.
function Evaluate.evaluate(row, at)
  local held = hold > now
  if row.burstFullAt and row.burstFullAt <= now then row.burstFullAt = nil end
  local turn = Damping.turnAt(row)
  local damped = turn > now
  local endedGrace, endedClaim, endedSession, endedNote = expire(row, held, damped)
  local present, activeTo = Row.isPresent(row), Row.activeUntil(row)
  local status, shown, why = Evaluate.decide(row, present, activeTo > now)
  local old = row.shown
  local same = status == row.status and old.text == shown.text and old.emoji == shown.emoji and old['until'] == shown['until']
  local note, noteReason = Note.noteToShow(row, status ~= 'offline'), nil
  if note ~= row.shownNote and not Adornment.sameAdornment(note, row.shownNote) then
    noteReason = same and (endedNote and 'expired' or 'note')
    same = false
  end
  local waits = not same and held and not isOnPurpose(at, why) and (gathering or isLess(row, status, why))
  local wasFrozen = row.hiddenLastSeen
  local reason = not same and (noteReason or reasonOf(row, status, why, at, endedGrace, endedClaim, endedSession))
  -- A deliberate `offline` is never held back.
  local awaits = damped and not same and not at.repair and reason ~= 'goodbye' and reason ~= 'revoked'
  waits = waits or awaits
  if row.ownClaim and row.ownClaim.status == 'invisible' then
    -- To others, a user who hides leaves; one who was offline before has left already.
    row.hiddenLastSeen = row.hiddenLastSeen or (row.status == 'offline' and (at.knownActiveAt or 0)
      or row.status ~= 'offline' and Row.lastSeenAfterGoodbye(row))
  elseif row.hiddenLastSeen and status ~= 'offline' and not waits then
    row.hiddenLastSeen = nil
  elseif awaits and row.status == 'offline' and status ~= 'offline' and not row.hiddenLastSeen then
    -- While a user waits to be shown again, others continue to see them as they left.
    row.hiddenLastSeen = at.knownActiveAt
  end
  if row.pendingProfile and not row.hiddenLastSeen then Profile.revealProfile(row) end
  if row.pendingNote and status ~= 'offline' and not waits then Note.setNote(row, row.pendingNote) end
  -- A user who hides is still in their grace, and one who no longer hides may not be.
  if row.hiddenLastSeen ~= wasFrozen then present, activeTo = Row.isPresent(row), Row.activeUntil(row) end
  if same and status == 'offline' then age(row, present) end
  row.nextDeadline = deadline(row, present, activeTo, status)
  if row.burstFullAt then row.nextDeadline = row.nextDeadline == 0 and row.burstFullAt or min(row.nextDeadline, row.burstFullAt) end
  -- Nothing that time causes may be shown before.
  if damped then row.nextDeadline = turn end
  if same or awaits then return end
  if waits then
    row.nextDeadline = row.nextDeadline == 0 and hold or min(row.nextDeadline, hold)
    return
  end
  return status, shown, at.repair and 'resync' or reason, note
end

-- Whether others are shown already what is true.
function Evaluate.isAsShown(row)
  local status, shown = Evaluate.decide(row, Row.isPresent(row), Row.activeUntil(row) > now)
  return status == row.status and Adornment.sameAdornment(shown, row.shown)
    and Adornment.sameAdornment(Note.noteToShow(row, status ~= 'offline'), row.shownNote)
end
