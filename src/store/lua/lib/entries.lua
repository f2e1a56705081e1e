-- Users of a call: KEYS come as three index keys a tenant and two keys a user, ARGV as the tenants and then `width`
-- values a user of which the first is the tenant's position and the second the user. Needs: commit.lua.
local function openEntries(firstKey, firstArg, width)
  local tenants, count = {}, tonumber(ARGV[firstArg])
  for t = 1, count do
    local k = firstKey + (t - 1) * 3
    tenants[t] = { name = ARGV[firstArg + t], keys = { KEYS[k], KEYS[k + 1], KEYS[k + 2] } }
  end
  local entries, key, arg = {}, firstKey + count * 3, firstArg + count + 1
  while arg <= #ARGV do
    local tenant = tenants[tonumber(ARGV[arg])]
    entries[#entries + 1] = { tenant = tenant.name, indexKeys = tenant.keys, user = ARGV[arg + 1],
      member = tenant.name .. ':' .. ARGV[arg + 1], userKey = KEYS[key], moreKey = KEYS[key + 1], arg = arg }
    key, arg = key + 2, arg + width
  end
  return entries
end

local function load(entry)
  local moreKey = entry.moreKey
  entry.row = parseRow(redis.call('HGETALL', entry.userKey), function() return redis.call('HGETALL', moreKey) end)
  entry.was, entry.wasDue = entry.row.status, entry.row.due
  return entry.row
end

-- Evaluates a loaded entry after its inputs changed. `at`: see evaluate.lua.
local function settle(entry, at)
  local change = evaluate(entry.row, at)
  if change then transition(entry.row, entry.tenant, entry.user, change) end
end

local function save(entry, dueKey)
  local row = entry.row
  saveRow(row, entry.userKey, entry.moreKey)
  indexStatus(entry.indexKeys, entry.user, entry.was, row.status)
  if row.due ~= entry.wasDue then indexed(dueKey, entry.member, row.due > 0 and digits(row.due)) end
end

-- What others see, on one line: status ver since lastSeen devices invisible.
local function viewLine(row)
  return string.format('%s %d %d %d %d %s', LETTER[row.status], row.ver, row.since,
    row.ver > 0 and shownLastSeen(row) or 0, row.status == 'offline' and 0 or devicesOf(row),
    flag(row.own and row.own.status == 'invisible'))
end

local function selfReply(row)
  return { viewLine(row), row.ver > 0 and row.name or '', shownJson(row.shown) or '', row.own and claimJson(row.own) or '' }
end
