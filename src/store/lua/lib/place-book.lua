-- What is kept of places beside rows. Which places a row names is known only here, so their keys are made from what all keys of
-- the partition begin with, see decision 10.

local function keyOf(kind, tenant, place)
  return string.sub(metaKey, 1, -5) .. kind .. tenant .. ':' .. place
end

-- Lists the user in a place as of `since`, or (0) no longer.
function PlaceBook.list(entry, place, since)
  local key = keyOf('place:', entry.tenant.name, place)
  if since > 0 then Entries.indexAdd(key, entry.user, digits(since)) else Entries.indexRemove(key, entry.user) end
end

-- When everybody was put out of a place, and which tokens do not enter again: `PutOut` of domain/place.ts.
function PlaceBook.putOut(tenant, place)
  local key = keyOf('put-out:', tenant, place)
  local stored = call('GET', key)
  if not stored then return nil end
  local at, revoked = match(stored, '^(%d+) (%d+)$')
  local word = { at = at + 0, revoked = revoked + 0 }
  return PutOut.putOutUntil(word) > redisNow and word or nil
end

function PlaceBook.setPutOut(tenant, place, word)
  local key = keyOf('put-out:', tenant, place)
  call('SET', key, format('%d %d', word.at, word.revoked), 'PX', REVOCATION)
end
