-- Claims of services: the mirror of domain/claims.ts.
local MAX_CLAIMS, MAX_ENDED, DELIVERY = 8, 16, 3600000

-- The stamp of the last that was written of it: who prolongs a lease says the same again, later.
local function lastStamp(word)
  return word.renewed or word.stamp
end

-- When a word was written, as far as its writer or the store knows.
function Claims.writtenAt(word)
  return word.at or min(floor(lastStamp(word) / 1000), redisNow)
end

function Claims.rememberedUntil(word)
  return Claims.writtenAt(word) + DELIVERY
end

-- A writer that names no time is never behind others that name none, because the time of day may go back.
local function judge(held, word)
  if word.at and word.at + DELIVERY <= redisNow then return 'outdated' end
  if not held then return 'set' end
  if not word.at then return held.at and redisNow < held.at and 'outdated' or 'set' end
  if word.at == held.at then return 'repeated' end
  return word.at < Claims.writtenAt(held) and 'outdated' or 'set'
end

-- Whether it lasts: until its end, and until its lease runs out.
function Claims.lasts(claim)
  return (not claim['until'] or claim['until'] > redisNow) and (not claim.leaseUntil or claim.leaseUntil > redisNow)
end

local function othersInForce(row, source)
  local others = 0
  for other, claim in pairs(row.claims) do
    if other ~= source and Claims.lasts(claim) then others = others + 1 end
  end
  return others
end

-- To prolong a lease is to say nothing new.
local function isRenewal(held, word)
  return held and held.leaseUntil and word.leaseUntil and Claims.lasts(held) and held.status == word.status
    and held.priority == word.priority and held.from == word.from and Adornment.sameAdornment(held, word)
end

-- Of a claim that ended is remembered when it was written.
function Claims.endClaim(row, source, word)
  if row.claims ~= EMPTY then row.claims[source] = nil end
  if row.endedClaims == EMPTY then row.endedClaims = {} end
  row.endedClaims[source] = { stamp = lastStamp(word), at = word.at }
  local count, oldest = 0, nil
  for each, ended in pairs(row.endedClaims) do
    count = count + 1
    local than = oldest and row.endedClaims[oldest].stamp
    if not oldest or ended.stamp < than or (ended.stamp == than and each < oldest) then oldest = each end
  end
  if count > MAX_ENDED then row.endedClaims[oldest] = nil end
end

-- Sets a claim, or clears it with a word without a status. Returns 'set', 'repeated', 'outdated' or 'too_many'.
function Claims.setClaim(row, source, word)
  local held = row.claims[source]
  local verdict = judge(held or row.endedClaims[source], word)
  if verdict ~= 'set' then return verdict end
  if not word.status then
    if held or word.at then Claims.endClaim(row, source, word) end
    return 'set'
  end
  if othersInForce(row, source) >= MAX_CLAIMS then return 'too_many' end
  if isRenewal(held, word) then word.stamp, word.renewed = held.stamp, word.stamp end
  if row.endedClaims[source] then row.endedClaims[source] = nil end
  if row.claims == EMPTY then row.claims = {} end
  row.claims[source] = word
  return 'set'
end
