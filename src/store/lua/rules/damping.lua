-- A token bucket of transitions for each person: the mirror of domain/damping.ts. BURST at once, then one every PACE ms;
-- PACE 0 is any number.

local function fullAt(row)
  if row.burstFullAt then return row.burstFullAt end
  return row.ver > 0 and min(floor(row.ver / 1000), now) + PACE or 0
end

-- The earliest moment at which the person's next transition may be shown; at or below `now` means at once.
function Damping.turnAt(row)
  return PACE > 0 and fullAt(row) - (BURST - 1) * PACE or 0
end

-- Records a shown transition, under the next moment of `order`.
function Damping.spend(row)
  local full = min(fullAt(row), now + BURST * PACE)
  if full > now or floor((order + 1) / 1000) ~= now then
    row.burstFullAt = max(full, now) + PACE
  elseif row.burstFullAt then
    row.burstFullAt = nil
  end
end
