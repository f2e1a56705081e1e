-- The stored row of one user, as domain/row.ts has it: one string, so that the rows of a call are read by one MGET and
-- written by one MSET. Packed, because numbers that are never text need no parsing and no formatting. Layout 3, and 4, in
-- which the number of nodes has two bytes, for the rare row of a user on more nodes than one byte counts:
--   head      layout  has: 1 a grace, 2 something rare  status  number of nodes  ver  since  nextDeadline  goneActiveAt
--   a node    flags: stance (0 own, 1 inherited active, 2 inherited idle) + 3 when idle  devices  count  openedAt  activeAt  node
--   a grace   flags: 1 idle, 2 node lost  devices  startedAt  durationMs
--   rare      a MessagePack map of what few rows have: name, groups (JSON), iat (the newest stamp of either, also of those
--             that wait), nat and gat (their own stamps, where those are others), pendingProfile (the same of what waits), shown,
--             ownClaim, note, pendingNote, shownNote, claims,
--             endedClaims, sessions, goneOpenedAt, endedGraceUntil, hiddenLastSeen, burstFullAt, ended (at, how), endedDevices
--             (when, by the bit of the kind), idleDevices (by node, '' for the grace), forgotten, forgottenAt, revoked, places
--             (see stay.lua), placesLeft, placesFullAt, putOut; what a later release adds is kept
-- Rows share EMPTY and BLANK where they have nothing, so that rare fields cost nothing when absent. A row has room for
-- eight fields of its own, and a field that is set makes the table grow even when it is set to nil: hence the `if`s
-- before fields that are mostly absent.
local LAYOUT, WIDE_LAYOUT = 3, 4
local HEAD, HOLDING, GRACE_FORMAT, HEAD_AND_HOLDING, WIDE_HEAD = '<BBBBdddd', '<BBHddBc0', '<BBdd', '<BBBBddddBBHddBc0', '<BBBHdddd'
-- Nodes on which connections of one user count; `MAX_NODES` of domain/row.ts.
RowCodec.MAX_NODES = 4096
local HAS_GRACE, HAS_RARE = 1, 2
RowCodec.STATUS = { [0] = 'offline', 'online', 'away', 'busy' }
local CODE = { offline = 0, online = 1, away = 2, busy = 3 }
RowCodec.LETTER = { online = 'o', away = 'a', busy = 'b', offline = 'f' }

-- A row with nothing known.
local BLANK = { __index = { rare = EMPTY, shown = EMPTY, shownNote = EMPTY,
  sessions = EMPTY, claims = EMPTY, endedClaims = EMPTY, goneOpenedAt = 0, endedGraceUntil = 0,
  profileSaidAt = 0, nameIat = 0, groupsIat = 0, places = EMPTY, putOut = EMPTY } }

local function loadIdleDevices(row, idleDevices)
  for _, holding in ipairs(row.nodes) do
    if idleDevices[holding.node] then holding.idleDevices = idleDevices[holding.node] end
  end
  if row.grace and idleDevices[''] then row.grace.idleDevices = idleDevices[''] end
end

-- Most users have one kind of device, or use all of them alike.
local function idleDevicesOf(row)
  local nodes, grace, found = row.nodes, row.grace, nil
  for i = 1, #nodes do
    if nodes[i].idleDevices then
      found = found or {}
      found[nodes[i].node] = nodes[i].idleDevices
    end
  end
  if grace and grace.idleDevices then
    found = found or {}
    found[''] = grace.idleDevices
  end
  return found
end

local function loadRare(row, rare)
  row.rare, row.name, row.groups, row.ownClaim, row.hiddenLastSeen = rare, rare.name, rare.groups, rare.ownClaim, rare.hiddenLastSeen
  row.goneOpenedAt, row.endedGraceUntil = rare.goneOpenedAt or 0, rare.endedGraceUntil or 0
  if rare.profileSaidAt then row.profileSaidAt = rare.profileSaidAt end
  local iat, pending = rare.iat or 0, rare.pendingProfile
  row.nameIat, row.groupsIat = rare.nat or iat, rare.gat or iat
  if pending then
    row.pendingProfile = { name = pending.name, nameIat = pending.nat or iat, groups = pending.groups, groupsIat = pending.gat or iat }
  end
  row.ended, row.forgotten, row.revoked = rare.ended, rare.forgotten, rare.revoked
  if rare.burstFullAt then row.burstFullAt = rare.burstFullAt end
  -- An earlier release wrote one number for both.
  if rare.forgotten then row.forgottenAt = rare.forgottenAt or floor(rare.forgotten / 1000) end
  row.shown, row.claims, row.sessions = rare.shown or EMPTY, rare.claims or EMPTY, rare.sessions or EMPTY
  if rare.note or rare.pendingNote or rare.shownNote then
    row.note, row.pendingNote, row.shownNote = rare.note, rare.pendingNote, rare.shownNote or EMPTY
  end
  if rare.endedClaims then row.endedClaims = rare.endedClaims end
  if rare.places then row.places = Parts.unfold(rare.places) end
  if rare.placesLeft then row.placesLeft = rare.placesLeft end
  if rare.placesFullAt then row.placesFullAt = rare.placesFullAt end
  if rare.putOut then row.putOut = rare.putOut end
  if rare.endedDevices then row.endedDevices = rare.endedDevices end
  if rare.idleDevices then loadIdleDevices(row, rare.idleDevices) end
  -- Of a cleared claim only the stamp is left.
  if row.ownClaim and not row.ownClaim.status then row.ownClaim.status = cjson.null end
end

-- The row as stored, or a blank row for an unknown user.
function RowCodec.decode(value)
  if not value then
    return setmetatable({ nodes = {}, status = 'offline', since = 0, ver = 0, nextDeadline = 0, goneActiveAt = 0 }, BLANK)
  end
  local _
  local layout, has, code, count, ver, since, due, seen, at = unpackFrom(HEAD, value)
  if layout ~= LAYOUT then
    if layout ~= WIDE_LAYOUT then error('a row of another layout') end
    _, has, code, count, ver, since, due, seen, at = unpackFrom(WIDE_HEAD, value)
  end
  local nodes = {}
  local row = setmetatable({ nodes = nodes, status = RowCodec.STATUS[code], since = since, ver = ver, nextDeadline = due, goneActiveAt = seen }, BLANK)
  for i = 1, count do
    local flags, devices, connections, opened, act, node
    flags, devices, connections, opened, act, node, at = unpackFrom(HOLDING, value, at)
    nodes[i] = { node = node, count = connections, openedAt = opened, activeAt = act, stance = flags % 3, idle = flags >= 3,
      devices = devices }
  end
  if has == 0 then return row end
  if has % 2 == HAS_GRACE then
    local flags, devices, from, duration
    flags, devices, from, duration, at = unpackFrom(GRACE_FORMAT, value, at)
    row.grace = { idle = flags % 2 == 1, nodeLost = flags >= 2, devices = devices, startedAt = from, durationMs = duration }
  end
  if has >= HAS_RARE then
    local _, rare = cmsgpack.unpack_one(value, at - 1)
    loadRare(row, rare)
  end
  return row
end

-- Most users have name and groups from one token, so its stamp is enough.
local function stampsOf(words, iat)
  return words.name and words.nameIat ~= iat and words.nameIat or nil, words.groups and words.groupsIat ~= iat and words.groupsIat or nil
end

local function newestStamp(words)
  return max(words.name and words.nameIat or 0, words.groups and words.groupsIat or 0)
end

local function putWords(rare, row)
  local pending = row.pendingProfile
  local iat = max(newestStamp(row), pending and newestStamp(pending) or 0)
  rare.name, rare.groups, rare.iat, rare.pendingProfile = row.name, row.groups, iat > 0 and iat or nil, nil
  rare.nat, rare.gat = stampsOf(row, iat)
  if pending then
    local nat, gat = stampsOf(pending, iat)
    rare.pendingProfile = { name = pending.name, groups = pending.groups, nat = nat, gat = gat }
  end
end

local function rareOf(row)
  local shown, claims, sessions, idleDevices = row.shown, row.claims, row.sessions, idleDevicesOf(row)
  if not (row.ownClaim or row.name or row.groups or row.pendingProfile or row.hiddenLastSeen or shown ~= EMPTY or claims ~= EMPTY or sessions ~= EMPTY
      or row.goneOpenedAt > 0 or row.profileSaidAt > 0 or row.endedGraceUntil > now or row.burstFullAt or row.ended or row.revoked or row.rare ~= EMPTY
      or row.note or row.pendingNote or row.shownNote ~= EMPTY or row.endedClaims ~= EMPTY or row.endedDevices or idleDevices
      or row.places ~= EMPTY or row.putOut ~= EMPTY) then
    return nil
  end
  local rare = row.rare == EMPTY and {} or row.rare
  putWords(rare, row)
  rare.ownClaim, rare.hiddenLastSeen, rare.burstFullAt, rare.ended, rare.revoked = row.ownClaim, row.hiddenLastSeen, row.burstFullAt, row.ended, row.revoked
  rare.forgotten, rare.forgottenAt = row.forgotten, row.forgotten and row.forgottenAt
  rare.profileSaidAt = row.profileSaidAt > 0 and row.profileSaidAt or nil
  rare.goneOpenedAt, rare.endedGraceUntil = row.goneOpenedAt > 0 and row.goneOpenedAt or nil, row.endedGraceUntil > now and row.endedGraceUntil or nil
  rare.shown, rare.claims, rare.sessions =
    next(shown) and shown, next(claims) and claims or nil, next(sessions) and sessions or nil
  rare.note, rare.pendingNote, rare.shownNote = row.note, row.pendingNote, row.shownNote ~= EMPTY and row.shownNote or nil
  rare.endedClaims = next(row.endedClaims) and row.endedClaims or nil
  rare.places = row.places ~= EMPTY and Parts.fold(row.places) or nil
  rare.placesLeft, rare.placesFullAt, rare.putOut = row.placesLeft, row.placesFullAt, row.putOut ~= EMPTY and row.putOut or nil
  rare.endedDevices, rare.idleDevices = row.endedDevices, idleDevices
  return next(rare) and rare
end

function RowCodec.encode(row)
  local nodes, grace, rare = row.nodes, row.grace, rareOf(row)
  local has, only, text = (grace and HAS_GRACE or 0) + (rare and HAS_RARE or 0), nodes[1]
  if only and not nodes[2] then
    -- Nearly every present user is on one node, so one read is enough.
    text = pack(HEAD_AND_HOLDING, LAYOUT, has, CODE[row.status], 1, row.ver, row.since, row.nextDeadline, row.goneActiveAt,
      only.idle and only.stance + 3 or only.stance, only.devices, only.count, only.openedAt, only.activeAt, #only.node, only.node)
  else
    local isWide = #nodes > 255
    local texts = { pack(isWide and WIDE_HEAD or HEAD, isWide and WIDE_LAYOUT or LAYOUT, has, CODE[row.status], #nodes, row.ver,
      row.since, row.nextDeadline, row.goneActiveAt) }
    for i = 1, #nodes do
      local holding = nodes[i]
      texts[i + 1] = pack(HOLDING, holding.idle and holding.stance + 3 or holding.stance, holding.devices, holding.count, holding.openedAt,
        holding.activeAt, #holding.node, holding.node)
    end
    text = table.concat(texts)
  end
  if grace then
    text = text .. pack(GRACE_FORMAT, (grace.idle and 1 or 0) + (grace.nodeLost and 2 or 0), grace.devices, grace.startedAt, grace.durationMs)
  end
  if not rare then return text end
  text = text .. cmsgpack.pack(rare)
  -- The call continues with the row, for instance to answer.
  if rare.places then Parts.unfold(rare.places) end
  return text
end

-- The connections of a user on one node, and their position in the list.
function RowCodec.holdingOf(row, node)
  local nodes = row.nodes
  for i = 1, #nodes do
    if nodes[i].node == node then return nodes[i], i end
  end
end
