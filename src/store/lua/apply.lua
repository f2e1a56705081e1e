-- Tables of eight fields and texts instead of numbers for Redis are no accident here: a ninth field doubles the table,
-- and a number is printed and read again with every digit a double may have.
local function reportOf(numbers, rest)
  local count, active, idle, opened, devices, tail = match(numbers, '^(%d+) (%-?%d+) (%d) (%-?%d+) (%d+)(.*)$')
  local report = { count = count + 0, idle = idle == '1', devices = devices + 0, stance = OWN, closed = 0, stamp = 0,
    act = active == '-1' and 0 or now - active, opened = opened == '-1' and 0 or now - opened }
  if tail == '' and rest == '' then return report end
  local closed, grace, iat, status, ver, since, lastSeen = match(tail, '^ (%-?%d+) (%d+) (%d+) (%l) (%d+) (%d+) (%d+)$')
  report.closed, report.grace, report.iat = closed == '-1' and 0 or now - closed, grace + 0, iat + 0
  local more = rest ~= '' and cjson.decode(rest) or EMPTY
  report.name, report.groups, report.claim = more.name, more.groups, more.claim
  if more.claim then
    report.stamp = more.claim.stamp
    more.claim.stamp = min(report.stamp, clock)
  end
  if ver ~= '0' then
    local shown = more.shown or EMPTY
    report.known = { status = STATUS[status], ver = ver + 0, since = since + 0, lastSeen = lastSeen + 0,
      text = shown.text, emoji = shown.emoji, ['until'] = shown['until'] }
  end
  return report
end

local function heldElsewhere(row, node)
  for other in pairs(row.parts) do if other ~= node then return true end end
  return false
end

-- Brings the store to what a node knows of some users, evaluates them, logs, publishes. All or nothing for the caller.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes  6 fence:<id>  7 node:<node>  8 node-meta:<node>
--       then online, away, busy for every tenant, then user, more for every entry
-- ARGV: 1 policy  2 node  3 epoch  4 gen  5 highest clock seen  6 base  7 seq  8 number of tenants, the tenants,
--       then an entry in 4: tenant's position, user, numbers, rest
--   numbers: count activeAgo idle openedAgo devices, and unless nothing of it is needed: closedAgo graceMs iat
--   knownStatus knownVer knownSince knownSeen
--   rest: '' or JSON {name, groups (as JSON text), claim, shown (of the known view)}
-- Reply: {'fenced'|'lost'|'stale'} or {'ok', clock, {positions that took over}, position, the user as in reply.lua, …}
--   with the entries whose view or own claim is not what the entry carried (positions from 0)
local function apply(keys, args)
  open(keys, args, tonumber(args[5]))
  local logKey, channel, dueKey, nodesKey, fenceKey, listKey, nodeMetaKey =
    KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
  local node, epoch, told = ARGV[2], tonumber(ARGV[3]), ARGV[4]
  local base, seq = tonumber(ARGV[6]), tonumber(ARGV[7])

  if (tonumber(redis.call('GET', fenceKey)) or -1) >= epoch then return { 'fenced' } end
  local storedSeq = tonumber(redis.call('HGET', nodeMetaKey, 'seq')) or 0
  if gen ~= told or storedSeq < base then return { 'lost' } end
  if seq <= storedSeq then return { 'stale' } end

  local entries = openEntries(9, 8, 4)
  local held, gone, reply = { 'HSET', listKey }, { 'HDEL', listKey }, { 'ok', '', {} }
  for position, entry in ipairs(entries) do
    local row = load(entry)
    local report = reportOf(ARGV[entry.arg + 2], ARGV[entry.arg + 3])
    local at = before(row)
    local had = row.parts[node] and row.parts[node].count
    at.repair, at.deliberate = absorb(row, node, report)
    settle(entry, at)
    if at.deliberate and heldElsewhere(row, node) then
      -- Other nodes hold this user too: they must assert the same claim should this row ever be lost.
      record('c', entry.tenant, '{"type":"claim","tenant":"' .. entry.tenant.name .. '","user":' .. quoted(entry.user)
        .. ',"claim":' .. claimJson(row.own) .. '}', 0)
    end
    local part = row.parts[node]
    local has = part and part.count
    if has ~= had then
      local member = entry.tenant.name .. ':' .. entry.user
      if has then
        held[#held + 1] = member
        held[#held + 1] = has == 1 and '1' or digits(has)
      else
        gone[#gone + 1] = member
      end
    end
    if part and part.stance ~= OWN then table.insert(reply[3], position - 1) end
    local knownVer = report.known and report.known.ver or 0
    if row.ver ~= knownVer or (row.own and row.own.stamp or 0) ~= report.stamp then
      reply[#reply + 1] = position - 1
      reply[#reply + 1] = selfReply(row)
    end
  end

  writeLog(logKey)
  saveIndexes(entries, dueKey)
  -- Whoever wrote before is listed already: only a reaper takes a node off, and with it its sequence number.
  if storedSeq == 0 then redis.call('SADD', nodesKey, node) end
  if #held > 2 then redis.call(unpack(held)) end
  if #gone > 2 then redis.call(unpack(gone)) end
  saveRows(entries, dueKey)
  redis.call('HSET', nodeMetaKey, 'seq', digits(seq))
  publish(channel)
  reply[2] = digits(clock)
  return reply
end
define('apply', apply)
