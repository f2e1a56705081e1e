-- One user in one place: the mirror of domain/stay.ts. A row lists its stays, a stay lists its parts: {node or session,
-- enteredAt, data, stamp, issued}, without what is 0.

function Stay.openStay(row, place)
  local known = Parts.find(row.places, 'place', place)
  if known then return known end
  if row.places == EMPTY then row.places = {} end
  local stay = { place = place, nodes = {}, sessions = {}, since = 0, ver = 0 }
  row.places[#row.places + 1] = stay
  return stay
end

function Stay.isIn(stay)
  return stay.nodes[1] ~= nil or stay.sessions[1] ~= nil or stay.grace ~= nil
end

function Stay.settledAt(stay)
  local newest = stay.settledAt or 0
  for _, part in ipairs(stay.nodes) do newest = max(newest, part.enteredAt) end
  for _, part in ipairs(stay.sessions) do newest = max(newest, part.enteredAt) end
  return newest
end

-- Returns the data that counts, and its stamp.
function Stay.newestData(stay)
  local grace = stay.grace or EMPTY
  local data, stamp = grace.data, grace.stamp or 0
  for _, part in ipairs(stay.nodes) do
    if (part.stamp or 0) > stamp then data, stamp = part.data, part.stamp end
  end
  for _, part in ipairs(stay.sessions) do
    if (part.stamp or 0) > stamp then data, stamp = part.data, part.stamp end
  end
  return data, stamp
end

local function bytesOf(data)
  return data and #data or 0
end

local MAX_PLACES, MAX_PLACE_DATA, MAX_PLACE_PARTS = 64, 16384, 1024
function Stay.hasRoom(row, place, prior, data)
  local more = bytesOf(data) - bytesOf(prior and prior.data)
  if prior and more <= 0 then return true end
  local places, parts, bytes = 0, prior and 0 or 1, more
  for _, stay in ipairs(row.places) do
    if stay.place ~= place and Stay.isIn(stay) then places = places + 1 end
    if stay.grace then bytes = bytes + bytesOf(stay.grace.data) end
    parts = parts + #stay.nodes + #stay.sessions
    for _, part in ipairs(stay.nodes) do bytes = bytes + bytesOf(part.data) end
    for _, part in ipairs(stay.sessions) do bytes = bytes + bytesOf(part.data) end
  end
  return places < MAX_PLACES and parts <= MAX_PLACE_PARTS and bytes <= MAX_PLACE_DATA
end

-- Closes up to a moment start no grace any more.
local function settle(stay, at)
  stay.settledAt = max(stay.settledAt or 0, at)
end

-- `field`: 'node' or 'session', which names the part in its list.
function Stay.putPart(stay, parts, field, part)
  if not Stay.isIn(stay) then stay.why = 'enter' end
  local prior, position = Parts.find(parts, field, part[field])
  if prior and prior.enteredAt > part.enteredAt then settle(stay, prior.enteredAt) end
  parts[position or #parts + 1] = part
  if stay.grace and part.enteredAt >= stay.grace.startedAt then stay.grace = nil end
end

-- Returns the part, if there was one.
function Stay.dropPart(stay, parts, field, id, why)
  local prior, position = Parts.find(parts, field, id)
  if not prior then return nil end
  table.remove(parts, position)
  settle(stay, prior.enteredAt)
  stay.why = why
  return prior
end

function Stay.endPlaceGrace(stay, at)
  settle(stay, at)
  if stay.grace and at >= stay.grace.startedAt then stay.grace, stay.why = nil, 'leave' end
end

-- Several closes make one grace: it runs to the latest end, with the newest data.
function Stay.joinPlaceGrace(stay, at, duration, lost, data, stamp)
  local grace = stay.grace
  if not grace then
    stay.grace = { startedAt = at, durationMs = duration, nodeLost = lost, data = data, stamp = stamp }
    return
  end
  local ending = max(at + duration, grace.startedAt + grace.durationMs)
  if at > grace.startedAt then grace.startedAt, grace.nodeLost = at, lost end
  grace.durationMs = ending - grace.startedAt
  if (stamp or 0) > (grace.stamp or 0) then grace.data, grace.stamp = data, stamp end
end
