-- Users of a call: KEYS come as three index keys a tenant and then a key a user, ARGV as the number of tenants, what group
-- keys begin with, the tenants, and then `width` values a user of which the first is the tenant's position and the second the user.
local added, removed

function Entries.begin()
  added, removed = EMPTY, EMPTY
end

function Entries.openTenant(name, key)
  return { name = name, online = KEYS[key], away = KEYS[key + 1], busy = KEYS[key + 2],
    channel = TENANT_CHANNEL ~= '' and TENANT_CHANNEL .. name }
end

-- Returns the tenants by position, and where the users begin in KEYS and in ARGV.
local function openTenants(firstKey, firstArg)
  local tenants, count = {}, ARGV[firstArg] + 0
  Entries.groupPrefix = ARGV[firstArg + 1]
  for i = 1, count do tenants[i] = Entries.openTenant(ARGV[firstArg + 1 + i], firstKey + (i - 1) * 3) end
  return tenants, firstKey + count * 3, firstArg + count + 2
end

-- What is stored under all keys from one on: those of the users come last.
function Entries.readFrom(firstKey)
  return KEYS[firstKey] and call('MGET', unpack(KEYS, firstKey)) or EMPTY
end

function Entries.open(tenant, user, key, value)
  return { tenant = tenant, user = user, member = tenant.name .. ':' .. user, key = key, value = value, row = false,
    was = false, wasDue = 0 }
end

function Entries.openAll(firstKey, firstArg, width)
  local tenants, key, arg = openTenants(firstKey, firstArg)
  local rows, entries = Entries.readFrom(key), {}
  for n = 1, #rows do
    local entry = Entries.open(tenants[ARGV[arg] + 0], ARGV[arg + 1], KEYS[key], rows[n])
    entry.arg, entries[n] = arg, entry
    key, arg = key + 1, arg + width
  end
  return entries
end

function Entries.load(entry)
  local row = RowCodec.decode(entry.value)
  entry.row, entry.was, entry.wasDue = row, row.status, row.nextDeadline
  if row.groups then entry.groups = row.groups end
  return row
end

-- Collect changes of sorted sets, so that each set is written once however many users changed.
function Entries.indexAdd(key, member, score)
  if added == EMPTY then added = {} end
  local list = added[key]
  if not list then
    list = { 'ZADD', key }
    added[key] = list
  end
  local n = #list
  list[n + 1], list[n + 2] = score, member
end

function Entries.indexRemove(key, member)
  if removed == EMPTY then removed = {} end
  local list = removed[key]
  if not list then
    list = { 'ZREM', key }
    removed[key] = list
  end
  list[#list + 1] = member
end

function Entries.writeIndexes()
  if added ~= EMPTY then
    for _, list in pairs(added) do call(unpack(list)) end
  end
  if removed ~= EMPTY then
    for _, list in pairs(removed) do call(unpack(list)) end
  end
  added, removed = EMPTY, EMPTY
end

-- The indexes always match the stored row: online holds every user who is not offline, away and busy some of them.
function Entries.indexStatus(entry, was, is)
  if was == is then return end
  local tenant, user = entry.tenant, entry.user
  if was == 'offline' then Entries.indexAdd(tenant.online, user, '0') elseif is == 'offline' then Entries.indexRemove(tenant.online, user) end
  if was == 'away' then Entries.indexRemove(tenant.away, user) elseif is == 'away' then Entries.indexAdd(tenant.away, user, '0') end
  if was == 'busy' then Entries.indexRemove(tenant.busy, user) elseif is == 'busy' then Entries.indexAdd(tenant.busy, user, '0') end
end

-- A deadline that comes sooner is queued before its row is written, one that comes later or not at all after it: a call that
-- is interrupted in between leaves a user queued too early, never too late. Returns whether it has to wait.
local function indexDue(entry, dueKey, afterRows)
  local was, is = entry.wasDue, entry.row.nextDeadline
  if was == is then return false end
  if not afterRows and (is == 0 or (was > 0 and is > was)) then return true end
  if is > 0 then Entries.indexAdd(dueKey, entry.member, digits(is)) else Entries.indexRemove(dueKey, entry.member) end
  return false
end

-- What is derived from rows is written before the rows: after an interrupted call the next one finds the old rows and
-- repeats everything. What has to wait for the rows is kept for `saveRows`, which follows with the same entries.
local late, lateCount = {}, 0
function Entries.saveIndexes(entries, dueKey)
  lateCount = 0
  for _, entry in ipairs(entries) do
    Entries.indexStatus(entry, entry.was, entry.row.status)
    if indexDue(entry, dueKey, false) then
      lateCount = lateCount + 1
      late[lateCount] = entry
    end
  end
  Entries.writeIndexes()
end

-- `alsoKey` and `also`: what has to become true together with the rows.
function Entries.saveRows(entries, dueKey, alsoKey, also)
  local set, n = { 'MSET', alsoKey, also }, alsoKey and 3 or 1
  for _, entry in ipairs(entries) do
    local text = RowCodec.encode(entry.row)
    if text ~= entry.value then
      set[n + 1], set[n + 2] = entry.key, text
      n = n + 2
    end
  end
  if n > 1 then call(unpack(set, 1, n)) end
  for i = 1, lateCount do indexDue(late[i], dueKey, true) end
  Entries.writeIndexes()
end
