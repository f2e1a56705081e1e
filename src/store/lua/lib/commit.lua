-- Records what a call decided. Order: log, then state, then sequence number (the caller's), publishing last; a script
-- that is cut short can then only repeat a transition under a newer version, never lose or invent one.
-- Needs: row.lua, evaluate.lua, context.lua.
local daySeconds, dayText = nil, nil

-- RFC 3339 in UTC with milliseconds; days by the civil calendar (Hinnant, "chrono-compatible low-level date algorithms").
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local day = math.floor(seconds / 86400)
  if day ~= daySeconds then
    local z = day + 719468
    local era = math.floor(z / 146097)
    local doe = z - era * 146097
    local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
    local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
    local mp = math.floor((5 * doy + 2) / 153)
    local month = mp < 10 and mp + 3 or mp - 9
    daySeconds = day
    dayText = string.format('%04d-%02d-%02dT', yoe + era * 400 + (month <= 2 and 1 or 0), month,
      doy - math.floor((153 * mp + 2) / 5) + 1)
  end
  local rest = seconds % 86400
  return string.format('%s%02d:%02d:%02d.%03dZ', dayText, math.floor(rest / 3600), math.floor(rest / 60) % 60,
    rest % 60, ms % 1000)
end

local function quoted(text)
  return string.find(text, '^[%w%-_.@:]+$') and ('"' .. text .. '"') or cjson.encode(text)
end

local function shownLastSeen(row)
  if row.status == 'online' or P.precision == 'off' then return nil end
  local last = row.frozen or lastActive(row)
  if last == 0 then return nil end
  return P.precision == 'hour' and last - last % 3600000 or last
end

local function logId(clock)
  return string.format('%d-%d', math.floor(clock / 1000), clock % 1000)
end

local function record(kind, tenant, json, devices)
  C.clock = C.clock + 1
  C.log[#C.log + 1] = { clock = C.clock, kind = kind, tenant = tenant, json = json, devices = devices }
  return C.clock
end

-- Shows a change: gives it a version and writes it down as the public event, see `events` in the architecture page.
local function transition(row, tenant, user, change)
  if change.status ~= row.status then row.since = C.now end
  row.status, row.shown, row.ver = change.status, change.shown, C.clock + 1
  local out = { '{"tenant":"', tenant, '","user":', quoted(user), ',"status":"', row.status, '","previous":"',
    change.previous, '","since":"', iso(row.since), '"' }
  local seen = shownLastSeen(row)
  if seen then out[#out + 1] = ',"lastSeen":"' .. iso(seen) .. '"' end
  out[#out + 1] = ',"ver":' .. digits(row.ver)
  if row.name then out[#out + 1] = ',"name":' .. cjson.encode(row.name) end
  if row.groups then out[#out + 1] = ',"groups":' .. row.groups end
  if row.shown.text then out[#out + 1] = ',"text":' .. cjson.encode(row.shown.text) end
  if row.shown.emoji then out[#out + 1] = ',"emoji":' .. cjson.encode(row.shown.emoji) end
  if row.shown['until'] then out[#out + 1] = ',"until":"' .. iso(row.shown['until']) .. '"' end
  out[#out + 1] = ',"reason":"' .. change.reason .. '"}'
  record('t', tenant, table.concat(out), row.status == 'offline' and 0 or devicesOf(row))
end

local function indexed(key, member, add)
  local entry = C.index[key]
  if not entry then
    entry = { add = { 'ZADD', key }, rem = { 'ZREM', key } }
    C.index[key] = entry
  end
  local list = add and entry.add or entry.rem
  if add then list[#list + 1] = add == true and '0' or add end
  list[#list + 1] = member
end

-- keys: online, away, busy of the tenant. What the indexes say is always what the stored row says.
local function indexStatus(keys, user, was, is)
  if was == is then return end
  if was == 'offline' then indexed(keys[1], user, true) elseif is == 'offline' then indexed(keys[1], user) end
  if was == 'away' then indexed(keys[2], user) elseif is == 'away' then indexed(keys[2], user, true) end
  if was == 'busy' then indexed(keys[3], user) elseif is == 'busy' then indexed(keys[3], user, true) end
end

local function writeLog(logKey)
  for _, entry in ipairs(C.log) do
    redis.call('XADD', logKey, logId(entry.clock), 'k', entry.kind, 'v', '1', 'e', entry.json, 'd', entry.devices)
  end
end

local function writeIndexes()
  for _, entry in pairs(C.index) do
    if #entry.rem > 2 then redis.call(unpack(entry.rem)) end
    if #entry.add > 2 then redis.call(unpack(entry.add)) end
  end
end

local function writeClock()
  if #C.log > 0 then
    redis.call('HSET', C.metaKey, 'clock', digits(C.clock), 'last', digits(C.clock))
  elseif C.clock > C.stored then
    redis.call('HSET', C.metaKey, 'clock', digits(C.clock))
  end
end

-- A message to the nodes: id before the first entry, id of the last, then a line an entry.
local function publish(channel)
  if #C.log == 0 then return end
  local lines = { C.gen, digits(C.last), digits(C.clock) }
  for _, entry in ipairs(C.log) do
    lines[#lines + 1] = digits(entry.clock) .. entry.kind .. entry.devices .. entry.json
  end
  redis.call('SPUBLISH', channel, table.concat(lines, '\n'))
  if P.tenantChannel then
    for _, entry in ipairs(C.log) do
      if entry.kind == 't' then redis.call('PUBLISH', P.tenantChannel .. entry.tenant, entry.json) end
    end
  end
end
