-- What nodes report of places: the mirror of domain/place-report.ts. Times of `said` are in the store's time, 0 for none.

-- Others are shown no place of a user who is not seen.
local function restoreStay(row, said)
  local known = said.known
  if not known or row.status == 'offline' then return end
  local stay = Parts.find(row.places, 'place', said.place)
  if known.ver <= max(stay and stay.ver or 0, row.placesLeft or 0, row.forgotten or 0) then return end
  stay = Stay.openStay(row, said.place)
  stay.since = known.since > 0 and known.since or floor(known.ver / 1000)
  stay.ver, stay.data, stay.changed, stay.isRestored = known.ver, known.data, nil, true
end

-- A close newer than every entering starts or extends the grace. It keeps and never brings back.
local function startGrace(stay, said, wasIn, endedAt)
  local closedAt = said.closedAt
  if closedAt <= max(endedAt, Stay.settledAt(stay)) then return end
  if not wasIn and not stay.grace and closedAt + said.graceMs <= now then return end
  if not wasIn and not Stay.isIn(stay) and stay.since == 0 then return end
  Stay.joinPlaceGrace(stay, closedAt, said.graceMs, false, said.closedData, said.closedStamp)
end

-- Up to when everything of the user was ended; 0 for never.
local function endedOf(row)
  return row.ended and floor(row.ended.at / 1000) or 0
end

-- Returns false where there was no room for it.
local function absorbPlace(row, node, said, why)
  restoreStay(row, said)
  local stay, endedAt = Parts.find(row.places, 'place', said.place), endedOf(row)
  if stay and said.leftAt > endedAt then Stay.endPlaceGrace(stay, said.leftAt) end
  local prior = stay and Parts.find(stay.nodes, 'node', node)
  if said.enteredAt > endedAt and RowCodec.holdingOf(row, node) then
    if not Stay.hasRoom(row, said.place, prior, said.data) then return false end
    stay = Stay.openStay(row, said.place)
    Stay.putPart(stay, stay.nodes, 'node', { node = node, enteredAt = said.enteredAt, data = said.data, stamp = said.stamp,
      issued = said.issued > 0 and said.issued or nil })
  elseif prior then
    Stay.dropPart(stay, stay.nodes, 'node', node, said.leftAt >= prior.enteredAt and 'leave' or why)
  end
  if stay then startGrace(stay, said, prior ~= nil, endedAt) end
  return true
end

-- A place that the node does not name is left. Returns the places that were refused, by place.
function PlaceReport.absorbPlaces(row, node, said, isRevoked)
  local named, refused, why = {}, EMPTY, isRevoked and 'revoked' or 'goodbye'
  for _, one in ipairs(said) do named[one.place] = true end
  for _, stay in ipairs(row.places) do
    if not named[stay.place] then Stay.dropPart(stay, stay.nodes, 'node', node, why) end
  end
  for _, one in ipairs(said) do
    if not absorbPlace(row, node, one, why) then
      if refused == EMPTY then refused = {} end
      refused[one.place] = true
    end
  end
  return refused
end

-- What a dead node held: the grace of each place runs from the latest moment at which the node can have died.
function PlaceReport.losePlaces(row, node, diedBy)
  for _, stay in ipairs(row.places) do
    local part = Stay.dropPart(stay, stay.nodes, 'node', node, 'node_lost')
    if part and diedBy > Stay.settledAt(stay) then Stay.joinPlaceGrace(stay, diedBy, GRACE, true, part.data, part.stamp) end
  end
end
