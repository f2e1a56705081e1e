-- A batch, packed by encode.ts. First, as doubles: epoch, highest clock seen, base, seq; number of tenants; then node,
-- generation, what group keys begin with, and after them the tenants, each after its length. Then the entries.
local BATCH, TENANT = '<ddddHBc0Bc0Bc0', '<Bc0'
-- An entry: tenant's position, count, flags (1 idle, 2 the answer says what is stored, 4 opened idle, 8 a connection
-- that only watches, 16 the last connection was closed because its token was revoked), known status and devices; then as
-- doubles ms since: activity, newest opening, unclean close (-1 for none); ms of its grace, iat of newest and oldest
-- token, and version, since and last seen of the known view; then user and rest, each after its length. Rest is '' or
-- JSON {name, groups (as JSON text), their stamps where those are not the newest token's, claim, note, shown (of the known
-- view, with its note), ms since the newest opening of those who only watch, kinds of device not in use as bits, places as
-- `PlaceReport` of the port has them}.
local ENTRY = '<HI4BBBdddddddddBc0I4c0'

-- A report in the store's time. Keep at eight fields, because a ninth doubles the table's allocation: rare ones are set
-- later.
local function reportOf(node, count, idle, devices, activeAgo, openedAgo, closedAgo)
  return { node = node, count = count, idle = idle, devices = devices, stance = OWN, activeAt = activeAgo < 0 and 0 or now - activeAgo,
    openedAt = openedAgo < 0 and 0 or now - openedAgo, closedAt = closedAgo < 0 and 0 or now - closedAgo }
end

-- The places that the node reports, in the store's time. No stamp lies far in the future.
local function placesOf(places)
  local newest, first = order + 1, 1
  for _, one in ipairs(places) do
    one.enteredAt = one.enteredAgo < 0 and 0 or now - one.enteredAgo
    one.closedAt = (not one.closedAgo or one.closedAgo < 0) and 0 or now - one.closedAgo
    one.leftAt = (not one.leftAgo or one.leftAgo < 0) and 0 or now - one.leftAgo
    one.graceMs = one.graceMs or 0
    one.stamp = one.data and max(first, min(one.stamp or first, newest)) or nil
    one.closedStamp = one.closedData and max(first, min(one.closedStamp or first, newest)) or nil
  end
  return places
end

-- Every later change gets a version above what a node knows of a place.
local function raiseTo(places)
  for _, one in ipairs(places) do
    order = max(order, one.stamp or 0, one.closedStamp or 0, one.known and one.known.ver or 0)
  end
end

local function heldElsewhere(row, node)
  for _, holding in ipairs(row.nodes) do if holding.node ~= node then return true end end
  return false
end

-- Notifies the other nodes that hold the user, so that they can send the same claim again if this row is lost. When the user
-- hides, it also notifies nodes where the user only watches, which are in no row.
local function tellClaim(entry)
  Commit.command(entry, 'claim', '"claim":' .. Json.claim(entry.row.ownClaim))
end

local function stampOf(word)
  return word and word.stamp or 0
end

-- Writes what a node knows of some users, evaluates them, logs, publishes. All or nothing for the caller.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes  6 node:<node>
--       then online, away, busy for every tenant, then fence:<id>, seq:<node>, user for every entry
-- ARGV: 1 policy  2 the batch
-- Reply: {'fenced'|'lost'|'stale'} or {'ok', clock, positions that took over, entries turned away, places, position, the user as in
--   reply.lua, …} with the entries whose view, own claim or groups are not what the entry carried. Positions are from 0, in a text
--   with spaces; of who is turned away follow how (t: the oldest token is revoked and nothing was taken; k: all connections
--   are of kinds of device that were ended; otherwise the first letter of how all connections were ended) and since when.
--   Places are lists in JSON, one after another: position, and what its node has to learn of places as in place-answers.lua.
local function apply(keys, args)
  local packed = args[2]
  local epoch, seen, base, seq, tenantCount, node, told, groups, at = struct.unpack(BATCH, packed)
  open(keys, args, seen)
  Entries.groupPrefix = groups
  local logKey, channel, dueKey, nodesKey, listKey = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]

  local fenceAt = 7 + tenantCount * 3
  local stored, firstUser = Entries.readFrom(fenceAt), fenceAt + 2
  local fence, storedSeq = (stored[1] or -1) + 0, (stored[2] or 0) + 0
  if fence >= epoch then return { 'fenced' } end
  if gen ~= told or storedSeq < base then return { 'lost' } end
  if seq <= storedSeq then return { 'stale' } end

  local tenants = {}
  for i = 1, tenantCount do
    local name
    name, at = unpackFrom(TENANT, packed, at)
    tenants[i] = Entries.openTenant(name, 4 + i * 3)
  end
  local entries, tookOver, turned, learned = {}, '', '', ''
  local held, gone, reply, replied = { 'HSET', listKey }, { 'HDEL', listKey }, { 'ok', '', '', '', '' }, 5
  for n = 1, #stored - 2 do
    local tenant, count, flags, code, devices, active, opened, closed, grace, iat, oldest, ver, since, lastSeen, user, rest
    tenant, count, flags, code, devices, active, opened, closed, grace, iat, oldest, ver, since, lastSeen, user, rest, at =
      unpackFrom(ENTRY, packed, at)
    local entry = Entries.open(tenants[tenant], user, KEYS[firstUser + n - 1], stored[n + 2])
    local row = Entries.load(entry)
    if row.revoked and (count > 0 or flags % 16 >= 8) and Ending.isRevoked(row, oldest) then
      -- The whole entry is refused until the connections with revoked tokens are gone.
      turned = turned .. digits(n - 1) .. 't' .. Json.revocation(row.revoked) .. ' '
    else
      local report, stamp = reportOf(node, count, flags % 2 == 1, devices, active, opened, closed), 0
      local noteStamp = 0
      if closed >= 0 then report.graceMs = grace end
      if flags % 8 >= 4 then report.openedIdle = true end
      if flags >= 16 then report.isRevoked = true end
      local more = rest ~= '' and cjson.decode(rest) or EMPTY
      local places = more.places and placesOf(more.places)
      if places then report.places = places end
      if more ~= EMPTY then
        report.iat, report.name, report.groups, report.claim = iat, more.name, more.groups, more.claim
        report.nameIat, report.groupsIat = more.nameIat, more.groupsIat
        if more.idleDevices then report.idleDevices = more.idleDevices end
        if flags % 16 >= 8 then report.watchedAt = now - more.watchedAgo end
        if more.claim then
          stamp = more.claim.stamp
          -- Above the stored stamp even where the clock stands still, but no node may claim a stamp far in the future.
          more.claim.stamp = min(stamp, order + 1)
        end
      end
      if more.note then
        noteStamp = more.note.stamp
        report.note = more.note
        report.note.stamp = min(noteStamp, order + 1)
      end
      -- The node's view is used only where the row is behind it.
      if ver > row.ver then
        local shown = more.shown or EMPTY
        report.known = { status = RowCodec.STATUS[code], ver = ver, since = since, lastSeen = lastSeen > 0 and lastSeen + shift or 0,
          text = shown.text, emoji = shown.emoji, ['until'] = shown['until'], note = shown.note }
      end

      local was, knownGroups = Evaluate.before(row), Profile.trueGroups(row)
      local wasHeardOf, hid = Profile.isHeardOf(row), Row.isInvisible(row)
      local restored, claimed, prior, noted, refused = Absorb.absorb(row, node, report)
      if places then raiseTo(places) end
      was.repair, was.deliberate = restored, claimed or (report.isRevoked and 'revoked')
      if wasHeardOf or heldElsewhere(row, node) then Settle.tellGroups(entry, knownGroups) end
      Settle.settle(entry, was)
      if claimed and (hid or Row.isInvisible(row) or heldElsewhere(row, node)) then tellClaim(entry) end
      if noted and heldElsewhere(row, node) then Settle.tellNote(entry) end
      if places then learned = learned .. PlaceAnswers.of(row, node, places, refused, n - 1) end
      if entry.value or not Evaluate.isNobody(row) then entries[#entries + 1] = entry end
      if report.count < count then
        -- The node does not know yet that all these connections were ended.
        if Ending.isEnded(row, report.openedAt) then
          turned = turned .. digits(n - 1) .. string.sub(row.ended.how, 1, 1) .. clockText(row.ended.at) .. ' '
        else
          turned = turned .. digits(n - 1) .. 'k0 '
        end
      end
      if report.count == 0 then
        if prior then
          gone[#gone + 1] = entry.member
        end
      else
        if not prior or prior.count ~= count then
          held[#held + 1] = entry.member
          held[#held + 1] = PLAIN[count]
        end
        if report.stance ~= OWN then tookOver = tookOver .. digits(n - 1) .. ' ' end
      end
      if flags % 4 >= 2 or row.ver ~= ver or stampOf(row.ownClaim) ~= stamp or stampOf(Note.trueNote(row)) ~= noteStamp
          or (more.groups and Profile.trueGroups(row) ~= more.groups) then
        reply[replied + 1], reply[replied + 2] = n - 1, Reply.user(row)
        replied = replied + 2
      end
    end
  end

  Commit.writeLog(logKey)
  Entries.saveIndexes(entries, dueKey)
  -- A node that has written before is listed already: only a reaper removes a node, together with its sequence number.
  if storedSeq == 0 then call('SADD', nodesKey, node) end
  if #held > 2 then call(unpack(held)) end
  if #gone > 2 then call(unpack(gone)) end
  Entries.saveRows(entries, dueKey, KEYS[fenceAt + 1], digits(seq))
  Commit.publish(channel)
  reply[2], reply[3], reply[4], reply[5] = clockText(order), tookOver, turned, learned
  return reply
end
define('apply', apply)
