#!lua
-- Brings the store to what a node knows of some users, evaluates them, logs, publishes. All or nothing for the caller.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes  6 fence:<id>  7 node:<node>  8 node-meta:<node>
--       then online, away, busy for every tenant, then user, more for every entry
-- ARGV: 1 policy  2 node  3 epoch  4 gen  5 highest clock seen  6 base  7 seq  8 number of tenants, the tenants,
--       then an entry in 4: tenant's position, user, numbers, rest
--   numbers: count activeAgo idle openedAgo closedAgo graceMs devices iat knownStatus knownVer knownSince knownSeen
--   rest: '' or JSON {name, groups (as JSON text), claim, shown (of the known view)}
-- Reply: {'fenced'|'lost'|'stale'} or {'ok', clock, {positions that took over}, position, {view, name, shown, own claim}, …}
--   with the entries whose view or own claim is not what the entry carried (positions from 0)
-- @include context row evaluate absorb commit entries
local logKey, channel, dueKey, nodesKey, fenceKey, listKey, nodeMetaKey =
  KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local node, epoch, gen, seen = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local base, seq = tonumber(ARGV[6]), tonumber(ARGV[7])
P = parsePolicy(ARGV[1])

if (tonumber(redis.call('GET', fenceKey)) or -1) >= epoch then return { 'fenced' } end
C = openContext(KEYS[1], seen)
local storedSeq = tonumber(redis.call('HGET', nodeMetaKey, 'seq')) or 0
if C.gen ~= gen or storedSeq < base then return { 'lost' } end
if seq <= storedSeq then return { 'stale' } end

local NUMBERS = '^(%d+) (%-?%d+) (%d) (%-?%d+) (%-?%d+) (%d+) (%d+) (%d+) (%l) (%d+) (%d+) (%d+)$'
local function momentOf(ago)
  ago = tonumber(ago)
  return ago < 0 and 0 or C.now - ago
end

local function reportOf(numbers, rest)
  local count, active, idle, opened, closed, grace, devices, iat, status, ver, since, lastSeen =
    string.match(numbers, NUMBERS)
  local more = rest ~= '' and cjson.decode(rest) or {}
  local report = { count = tonumber(count), act = momentOf(active), idle = idle == '1', opened = momentOf(opened),
    closed = momentOf(closed), grace = tonumber(grace), devices = tonumber(devices), iat = tonumber(iat),
    name = more.name, groups = more.groups, claim = more.claim }
  report.stamp = report.claim and report.claim.stamp or 0
  if report.claim then report.claim.stamp = math.min(report.stamp, C.clock) end
  if ver ~= '0' then
    local shown = more.shown or {}
    report.known = { status = STATUS[status], ver = tonumber(ver), since = tonumber(since),
      lastSeen = tonumber(lastSeen), text = shown.text, emoji = shown.emoji, ['until'] = shown['until'] }
  end
  return report
end

local function heldElsewhere(row)
  for other in pairs(row.parts) do if other ~= node then return true end end
  return false
end

local entries = openEntries(9, 8, 4)
local held, gone, reply = { 'HSET', listKey }, { 'HDEL', listKey }, { 'ok', '', {} }
for position, entry in ipairs(entries) do
  local row = load(entry)
  local report = reportOf(ARGV[entry.arg + 2], ARGV[entry.arg + 3])
  local at = before(row)
  local had = row.parts[node] and row.parts[node].count
  at.repair, at.deliberate = absorb(row, node, report)
  settle(entry, at)
  if at.deliberate and heldElsewhere(row) then
    -- Other nodes hold this user too: they must assert the same claim should this row ever be lost.
    record('c', entry.tenant, '{"type":"claim","tenant":"' .. entry.tenant .. '","user":' .. quoted(entry.user)
      .. ',"claim":' .. claimJson(row.own) .. '}', 0)
  end
  local has = row.parts[node] and row.parts[node].count
  if has and has ~= had then
    held[#held + 1], held[#held + 2] = entry.member, has
  elseif had and not has then
    gone[#gone + 1] = entry.member
  end
  if row.parts[node] and row.parts[node].stance ~= OWN then table.insert(reply[3], position - 1) end
  local knownVer = report.known and report.known.ver or 0
  if row.ver ~= knownVer or (row.own and row.own.stamp or 0) ~= report.stamp then
    reply[#reply + 1] = position - 1
    reply[#reply + 1] = selfReply(row)
  end
end

writeLog(logKey)
for _, entry in ipairs(entries) do save(entry, dueKey) end
writeIndexes()
if #held > 2 then
  redis.call('SADD', nodesKey, node)
  redis.call(unpack(held))
end
if #gone > 2 then redis.call(unpack(gone)) end
writeClock()
redis.call('HSET', nodeMetaKey, 'seq', digits(seq))
publish(channel)
reply[2] = digits(C.clock)
return reply
