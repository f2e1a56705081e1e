-- Damping of coming and going in places: the mirror of domain/place-damping.ts.
local USER_BURST, USER_INTERVAL = 10, 100

local function fullAt(stay)
  if stay.fullAt then return stay.fullAt end
  return stay.ver > 0 and Clock.stampedAt(stay.ver) + PACE or 0
end

function PlaceDamping.placeTurnAt(row, stay)
  if PACE == 0 then return 0 end
  return max(fullAt(stay) - (BURST - 1) * PACE, (row.placesFullAt or 0) - (USER_BURST - 1) * USER_INTERVAL)
end

-- Records that the user was shown to enter or to leave, under the next moment of `order`.
function PlaceDamping.spendPlace(row, stay)
  if PACE == 0 then return end
  local full = min(fullAt(stay), now + BURST * PACE)
  local isImplied = full <= now and floor((order + 1) / 1000) == now
  stay.fullAt = not isImplied and max(full, now) + PACE or nil
  row.placesFullAt = max(min(row.placesFullAt or 0, now + USER_BURST * USER_INTERVAL), now) + USER_INTERVAL
end

function PlaceDamping.forgetStayPace(stay)
  if stay.fullAt and stay.fullAt <= now then stay.fullAt = nil end
end

function PlaceDamping.forgetPlacePace(row)
  if row.placesFullAt and row.placesFullAt <= now then row.placesFullAt = nil end
end
