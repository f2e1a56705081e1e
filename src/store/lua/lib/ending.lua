-- Ending all that is alive of a user, and what stays of it: the mirror of domain/ending.ts. Needs: row.lua.
local SKEW_S, TOMBSTONE = 5, 3600000

-- Of several revocations the newest counts.
local function revoke(row, at)
  row.revoked = max(row.revoked or 0, at)
end

local function endAll(row, how)
  for _, part in ipairs(row.parts) do
    if part.stance == 0 then row.seen = max(row.seen, part.idle and part.act or now) end
  end
  for _, session in pairs(row.sessions) do row.seen = max(row.seen, session.act) end
  row.parts, row.sessions, row.leave, row.left = {}, EMPTY, nil, 0
  row.out = { at = clock, how = how }
  if how == 'revoke' then revoke(row, floor(now / 1000)) end
end

-- What is left keeps late words of nodes from bringing anything back, and a revocation in force.
local function forget(row)
  local revoked = row.revoked
  for field in pairs(row) do row[field] = nil end
  row.parts, row.status, row.since, row.ver, row.due, row.seen = {}, 'offline', 0, 0, 0, 0
  row.revoked, row.forgotten, row.out = revoked, clock, { at = clock, how = 'forget' }
end

local function isEnded(row, opened)
  return row.out and opened <= floor(row.out.at / 1000)
end

local function isForgotten(row, opened)
  return row.forgotten and opened <= floor(row.forgotten / 1000)
end

local function isRevoked(row, iat)
  return row.revoked and (iat == 0 or floor(iat) <= row.revoked + SKEW_S)
end

local function revokedUntil(row)
  return row.revoked and row.revoked * 1000 + REVOCATION or 0
end

local function tombstoneUntil(row)
  return row.forgotten and floor(row.forgotten / 1000) + TOMBSTONE or 0
end
