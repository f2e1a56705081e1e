-- In which places others see a user: the mirror of domain/show-places.ts. `at`: see evaluate.lua; `reason`: of the transition
-- that the same call made.
local ON_PURPOSE = { leave = true, goodbye = true, revoked = true }
local REMEMBERED = 3600000

-- A user is in a place by what is alive of them: other parts end with what they belonged to.
local function endParts(row, stay, at)
  local word = (at.deliberate == 'goodbye' or at.deliberate == 'revoked') and at.deliberate or nil
  for i = #stay.nodes, 1, -1 do
    if not RowCodec.holdingOf(row, stay.nodes[i].node) then
      table.remove(stay.nodes, i)
      stay.why = word or 'goodbye'
    end
  end
  for i = #stay.sessions, 1, -1 do
    if not row.sessions[stay.sessions[i].session] then
      table.remove(stay.sessions, i)
      stay.why = word or 'expired'
    end
  end
  local grace = stay.grace
  if not grace then return end
  local isOver = hold <= now and grace.startedAt + grace.durationMs + lag <= now
  local isEnded = row.ended and grace.startedAt <= floor(row.ended.at / 1000)
  -- With nothing alive of the user, no place keeps them.
  local isGone = row.status == 'offline' and not Row.isPresent(row)
  if not isOver and not isEnded and not isGone then return end
  stay.grace = nil
  if isOver then stay.why = grace.nodeLost and 'node_lost' or 'disconnect' else stay.why = word end
end

local function graceOver(stay)
  if not stay.grace then return FOREVER end
  local over = stay.grace.startedAt + stay.grace.durationMs
  return max(over, min(over + lag, lagUntil), now + 1)
end

-- Nodes that were not reached yet still report enterings from before everybody, or this user, was put out.
local function endRefused(row, stay, entry)
  local own = row.putOut ~= EMPTY and Parts.find(row.putOut, 'place', stay.place)
  if own then PutOut.endPutOut(stay, own) end
  local everybody = PlaceBook.putOut(entry.tenant.name, stay.place)
  if everybody then PutOut.endPutOut(stay, everybody) end
end

local function changeOf(stay, isSeen, wasIn)
  local is = isSeen and Stay.isIn(stay)
  if is ~= wasIn then return is and 'entered' or 'left' end
  return is and Stay.newestData(stay) ~= stay.data and 'changed' or nil
end

-- Until when a change waits; at or below `now` means not at all.
local function waitsUntil(row, stay, change, isSeen)
  if change == 'left' then return isSeen and not ON_PURPOSE[stay.why] and hold or 0 end
  if change == 'entered' then return max(gathering and hold or 0, PlaceDamping.placeTurnAt(row, stay)) end
  local _, stamp = Stay.newestData(stay)
  return gathering and stamp <= stay.ver and hold or 0
end

local function reasonOf(stay, change, at, reason)
  if change == 'changed' then return 'data' end
  if change == 'entered' then
    if at.repair then return 'resync' end
    return stay.why == 'enter' and 'enter' or reason or 'enter'
  end
  return not Stay.isIn(stay) and stay.why or reason or (at.repair and 'resync' or 'disconnect')
end

-- Returns until when a change waits; FOREVER when none does.
local function showStay(row, stay, at, entry, reason)
  if stay.isRestored then
    PlaceBook.list(entry, stay.place, stay.since)
    stay.isRestored = nil
  end
  local isSeen, wasIn = row.status ~= 'offline', stay.since > 0
  if not wasIn and isSeen and Stay.isIn(stay) then endRefused(row, stay, entry) end
  local change = changeOf(stay, isSeen, wasIn)
  if not change then
    stay.why = nil
    return FOREVER
  end
  local till = waitsUntil(row, stay, change, isSeen)
  if till > now then return till end
  local why = reasonOf(stay, change, at, reason)
  if change ~= 'changed' then PlaceDamping.spendPlace(row, stay) end
  stay.data = change ~= 'left' and Stay.newestData(stay) or nil
  Commit.place(entry, stay.place, stay, change, why)
  if change == 'left' then stay.since = 0 end
  if change ~= 'changed' then PlaceBook.list(entry, stay.place, stay.since) end
  stay.why = nil
  return FOREVER
end

local function forgetOld(row)
  PlaceDamping.forgetPlacePace(row)
  if row.placesLeft and Clock.stampedAt(row.placesLeft) + REMEMBERED <= now then row.placesLeft = nil end
  if row.places ~= EMPTY and not row.places[1] then row.places = EMPTY end
end

-- Drops what is no longer remembered. Returns when the next one is not.
local function forgetPutOut(row)
  local words, soonest = row.putOut, FOREVER
  if words == EMPTY then return soonest end
  for i = #words, 1, -1 do
    local till = PutOut.putOutUntil(words[i])
    if till <= redisNow then table.remove(words, i) else soonest = min(soonest, till + shift) end
  end
  if not words[1] then row.putOut = EMPTY end
  return soonest
end

-- Follows the evaluation of the status: others see a user in a place only while they see them at all.
function ShowPlaces.showPlaces(row, at, entry, reason)
  local soonest, places, i = FOREVER, row.places, 1
  while places[i] do
    local stay = places[i]
    endParts(row, stay, at)
    PlaceDamping.forgetStayPace(stay)
    soonest = min(soonest, graceOver(stay), showStay(row, stay, at, entry, reason))
    if Stay.isIn(stay) or stay.since > 0 then
      i = i + 1
    elseif stay.fullAt then
      soonest, i = min(soonest, stay.fullAt), i + 1
    else
      table.remove(places, i)
      if stay.ver > 0 then row.placesLeft = max(row.placesLeft or 0, stay.ver) end
    end
  end
  forgetOld(row)
  soonest = min(soonest, forgetPutOut(row))
  if soonest < FOREVER then row.nextDeadline = row.nextDeadline == 0 and soonest or min(row.nextDeadline, soonest) end
end
