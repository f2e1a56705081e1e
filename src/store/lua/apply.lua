-- An entry, packed by encode.ts: tenant's position, count, flags (1 idle, 2 of a known status), its status and devices; then
-- as doubles ms since: activity, newest opening, unclean close (-1 for none); ms of its grace, iat of newest and oldest
-- token, and version, since and last seen of the known view; then user and rest, each after its length. Rest is '' or
-- JSON {name, groups (as JSON text), claim, shown (of the known view)}.
local ENTRY = '<HI4BBBdddddddddBc0I4c0'

-- A report in the store's time. Tables of eight fields are no accident: a ninth doubles them, so what is rare comes later.
local function reportOf(node, count, idle, devices, activeAgo, openedAgo, closedAgo)
  return { node = node, count = count, idle = idle, devices = devices, stance = OWN, act = activeAgo < 0 and 0 or now - activeAgo,
    opened = openedAgo < 0 and 0 or now - openedAgo, closed = closedAgo < 0 and 0 or now - closedAgo }
end

local function heldElsewhere(row, node)
  for _, part in ipairs(row.parts) do if part.node ~= node then return true end end
  return false
end

-- Tells the other nodes that hold the user: they must assert the same claim should this row ever be lost.
local function tellClaim(entry)
  command(entry, 'claim', '"claim":' .. claimJson(entry.row.own))
end

-- Brings the store to what a node knows of some users, evaluates them, logs, publishes. All or nothing for the caller.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes  6 fence:<id>  7 node:<node>  8 node-meta:<node>
--       then online, away, busy for every tenant, then user for every entry
-- ARGV: 1 policy  2 node  3 epoch  4 gen  5 highest clock seen  6 base  7 seq  8 the entries  9… the tenants as in entries.lua
-- Reply: {'fenced'|'lost'|'stale'} or {'ok', clock, {positions that took over}, position, the user as in reply.lua, …}
--   with the entries whose view or own claim is not what the entry carried (positions from 0)
local function apply(keys, args)
  open(keys, args, args[5] + 0)
  local logKey, channel, dueKey, nodesKey, fenceKey, listKey, nodeMetaKey =
    KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
  local node, epoch, told, base, seq, packed = ARGV[2], ARGV[3] + 0, ARGV[4], ARGV[6] + 0, ARGV[7] + 0, ARGV[8]

  if (call('GET', fenceKey) or -1) + 0 >= epoch then return { 'fenced' } end
  local storedSeq = (call('HGET', nodeMetaKey, 'seq') or 0) + 0
  if gen ~= told or storedSeq < base then return { 'lost' } end
  if seq <= storedSeq then return { 'stale' } end

  local tenants, firstUser = openTenants(9, 9)
  local rows, entries, at = readRows(firstUser), {}, 1
  local held, gone, reply, replied = { 'HSET', listKey }, { 'HDEL', listKey }, { 'ok', '', {} }, 3
  for n = 1, #rows do
    local tenant, count, flags, code, devices, active, opened, closed, grace, iat, oldest, ver, since, seen, user, rest
    tenant, count, flags, code, devices, active, opened, closed, grace, iat, oldest, ver, since, seen, user, rest, at =
      unpackFrom(ENTRY, packed, at)
    local entry = openEntry(tenants[tenant], user, KEYS[firstUser + n - 1], rows[n])
    entries[n] = entry
    local row = load(entry)
    local report, stamp = reportOf(node, count, flags == 1, devices, active, opened, closed), 0
    if closed >= 0 then report.grace = grace end
    local more = rest ~= '' and cjson.decode(rest) or EMPTY
    if more ~= EMPTY then
      report.iat, report.name, report.groups, report.claim = iat, more.name, more.groups, more.claim
      if more.claim then
        stamp = more.claim.stamp
        more.claim.stamp = min(stamp, clock)
      end
    end
    -- What the node knows matters where the row is behind it.
    if ver > row.ver then
      local shown = more.shown or EMPTY
      report.known = { status = STATUS[code], ver = ver, since = since, lastSeen = seen,
        text = shown.text, emoji = shown.emoji, ['until'] = shown['until'] }
    end

    local was = before(row)
    local prior = partOf(row, node)
    local had = prior and prior.count
    was.repair, was.deliberate = absorb(row, node, report)
    settle(entry, was)
    if was.deliberate and heldElsewhere(row, node) then tellClaim(entry) end
    local part = partOf(row, node)
    local has = part and part.count
    if has ~= had then
      if has then
        held[#held + 1] = entry.member
        held[#held + 1] = PLAIN[has]
      else
        gone[#gone + 1] = entry.member
      end
    end
    if part and part.stance ~= OWN then table.insert(reply[3], n - 1) end
    if row.ver ~= ver or (row.own and row.own.stamp or 0) ~= stamp then
      reply[replied + 1], reply[replied + 2] = n - 1, selfReply(row)
      replied = replied + 2
    end
  end

  writeLog(logKey)
  saveIndexes(entries, dueKey)
  -- Whoever wrote before is listed already: only a reaper takes a node off, and with it its sequence number.
  if storedSeq == 0 then call('SADD', nodesKey, node) end
  if #held > 2 then call(unpack(held)) end
  if #gone > 2 then call(unpack(gone)) end
  saveRows(entries, dueKey)
  call('HSET', nodeMetaKey, 'seq', ARGV[7])
  publish(channel)
  reply[2] = clockText(clock)
  return reply
end
define('apply', apply)
