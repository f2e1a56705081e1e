-- The stored row of one user, as domain/row.ts has it: one string, so that the rows of a call are read by one MGET and
-- written by one MSET. Packed, because numbers that are never text cost neither matching nor printing. Layout 1, and 2, in
-- which the number of parts has two bytes, for the rare row that has more parts than one byte counts:
--   head      layout  has: 1 a grace, 2 something rare  status  number of parts  ver  since  due  seen
--   a part    flags: stance (0 own, 1 took active, 2 took idle) + 3 when idle  devices  count  opened  act  node
--   a grace   flags: 1 idle, 2 lost  devices  at  grace
--   rare      a MessagePack map of what few rows have: name, groups (JSON), iat (the newest stamp of either, also of those
--             that wait), nat and gat (their own stamps, where those are others), pending (the same of what waits), shown,
--             own, claims, sessions, left, back, frozen, pace, out (at, how), forgotten, forgottenAt, revoked; what a later release adds is kept
-- Rows share EMPTY and BLANK where they have nothing: what is rare costs nothing. A row has room for
-- eight fields of its own, and a field that is set makes the table grow even when it is set to nil: hence the `if`s before
-- what is mostly not there.
local LAYOUT, WIDE_LAYOUT = 1, 2
local HEAD, PART, LEAVE, HEAD_AND_PART, WIDE_HEAD = '<BBBBdddd', '<BBHddBc0', '<BBdd', '<BBBBddddBBHddBc0', '<BBBHdddd'
-- Nodes on which connections of one user count; `MAX_NODES` of domain/row.ts.
RowCodec.MAX_NODES = 4096
local HAS_LEAVE, HAS_RARE = 1, 2
RowCodec.STATUS = { [0] = 'offline', 'online', 'away', 'busy' }
local CODE = { offline = 0, online = 1, away = 2, busy = 3 }
RowCodec.LETTER = { online = 'o', away = 'a', busy = 'b', offline = 'f' }

-- What a row is as long as nothing else is known.
local BLANK = { __index = { rare = EMPTY, shown = EMPTY, sessions = EMPTY, claims = EMPTY, left = 0, back = 0, said = 0, nameIat = 0, groupsIat = 0 } }

local function loadRare(row, rare)
  row.rare, row.name, row.groups, row.own, row.frozen = rare, rare.name, rare.groups, rare.own, rare.frozen
  row.left, row.back = rare.left or 0, rare.back or 0
  if rare.said then row.said = rare.said end
  local iat, pending = rare.iat or 0, rare.pending
  row.nameIat, row.groupsIat = rare.nat or iat, rare.gat or iat
  if pending then
    row.pending = { name = pending.name, nameIat = pending.nat or iat, groups = pending.groups, groupsIat = pending.gat or iat }
  end
  row.out, row.forgotten, row.revoked = rare.out, rare.forgotten, rare.revoked
  if rare.pace then row.pace = rare.pace end
  -- A release before wrote one number for both.
  if rare.forgotten then row.forgottenAt = rare.forgottenAt or floor(rare.forgotten / 1000) end
  row.shown, row.claims, row.sessions = rare.shown or EMPTY, rare.claims or EMPTY, rare.sessions or EMPTY
  -- A cleared claim is one of which only the stamp is left.
  if row.own and not row.own.status then row.own.status = cjson.null end
end

-- The row as stored, or that of somebody nobody knows.
function RowCodec.decode(value)
  if not value then
    return setmetatable({ parts = {}, status = 'offline', since = 0, ver = 0, due = 0, seen = 0 }, BLANK)
  end
  local _
  local layout, has, code, count, ver, since, due, seen, at = unpackFrom(HEAD, value)
  if layout ~= LAYOUT then
    if layout ~= WIDE_LAYOUT then error('a row of another layout') end
    _, has, code, count, ver, since, due, seen, at = unpackFrom(WIDE_HEAD, value)
  end
  local parts = {}
  local row = setmetatable({ parts = parts, status = RowCodec.STATUS[code], since = since, ver = ver, due = due, seen = seen }, BLANK)
  for i = 1, count do
    local flags, devices, connections, opened, act, node
    flags, devices, connections, opened, act, node, at = unpackFrom(PART, value, at)
    parts[i] = { node = node, count = connections, opened = opened, act = act, stance = flags % 3, idle = flags >= 3,
      devices = devices }
  end
  if has == 0 then return row end
  if has % 2 == HAS_LEAVE then
    local flags, devices, from, grace
    flags, devices, from, grace, at = unpackFrom(LEAVE, value, at)
    row.leave = { idle = flags % 2 == 1, lost = flags >= 2, devices = devices, at = from, grace = grace }
  end
  if has >= HAS_RARE then
    local _, rare = cmsgpack.unpack_one(value, at - 1)
    loadRare(row, rare)
  end
  return row
end

-- Most have name and groups from one token: then its stamp is enough.
local function stampsOf(words, iat)
  return words.name and words.nameIat ~= iat and words.nameIat or nil, words.groups and words.groupsIat ~= iat and words.groupsIat or nil
end

local function newestStamp(words)
  return max(words.name and words.nameIat or 0, words.groups and words.groupsIat or 0)
end

local function putWords(rare, row)
  local pending = row.pending
  local iat = max(newestStamp(row), pending and newestStamp(pending) or 0)
  rare.name, rare.groups, rare.iat, rare.pending = row.name, row.groups, iat > 0 and iat or nil, nil
  rare.nat, rare.gat = stampsOf(row, iat)
  if pending then
    local nat, gat = stampsOf(pending, iat)
    rare.pending = { name = pending.name, groups = pending.groups, nat = nat, gat = gat }
  end
end

local function rareOf(row)
  local shown, claims, sessions = row.shown, row.claims, row.sessions
  if not (row.own or row.name or row.groups or row.pending or row.frozen or shown ~= EMPTY or claims ~= EMPTY or sessions ~= EMPTY
      or row.left > 0 or row.said > 0 or row.back > now or row.pace or row.out or row.revoked or row.rare ~= EMPTY) then
    return nil
  end
  local rare = row.rare == EMPTY and {} or row.rare
  putWords(rare, row)
  rare.own, rare.frozen, rare.pace, rare.out, rare.revoked = row.own, row.frozen, row.pace, row.out, row.revoked
  rare.forgotten, rare.forgottenAt = row.forgotten, row.forgotten and row.forgottenAt
  rare.said = row.said > 0 and row.said or nil
  rare.left, rare.back = row.left > 0 and row.left or nil, row.back > now and row.back or nil
  rare.shown, rare.claims, rare.sessions =
    next(shown) and shown, next(claims) and claims or nil, next(sessions) and sessions or nil
  return next(rare) and rare
end

function RowCodec.encode(row)
  local parts, leave, rare = row.parts, row.leave, rareOf(row)
  local has, only, text = (leave and HAS_LEAVE or 0) + (rare and HAS_RARE or 0), parts[1]
  if only and not parts[2] then
    -- Nearly everybody who is there is on one node: then once is enough.
    text = pack(HEAD_AND_PART, LAYOUT, has, CODE[row.status], 1, row.ver, row.since, row.due, row.seen,
      only.idle and only.stance + 3 or only.stance, only.devices, only.count, only.opened, only.act, #only.node, only.node)
  else
    local isWide = #parts > 255
    local texts = { pack(isWide and WIDE_HEAD or HEAD, isWide and WIDE_LAYOUT or LAYOUT, has, CODE[row.status], #parts, row.ver,
      row.since, row.due, row.seen) }
    for i = 1, #parts do
      local part = parts[i]
      texts[i + 1] = pack(PART, part.idle and part.stance + 3 or part.stance, part.devices, part.count, part.opened,
        part.act, #part.node, part.node)
    end
    text = table.concat(texts)
  end
  if leave then
    text = text .. pack(LEAVE, (leave.idle and 1 or 0) + (leave.lost and 2 or 0), leave.devices, leave.at, leave.grace)
  end
  return rare and text .. cmsgpack.pack(rare) or text
end

-- The connections of a user on one node, and where they are in the list.
function RowCodec.partOf(row, node)
  local parts = row.parts
  for i = 1, #parts do
    if parts[i].node == node then return parts[i], i end
  end
end
