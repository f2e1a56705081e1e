-- Claims of services: the mirror of domain/claims.ts.
local MAX_CLAIMS = 8

local function othersInForce(row, source)
  local others = 0
  for other, claim in pairs(row.claims) do
    if other ~= source and (not claim['until'] or claim['until'] > redisNow) then others = others + 1 end
  end
  return others
end

-- Returns false when there are too many already.
function Claims.setClaim(row, source, claim)
  if claim and othersInForce(row, source) >= MAX_CLAIMS then return false end
  if row.claims == EMPTY then row.claims = {} end
  row.claims[source] = claim
  return true
end
