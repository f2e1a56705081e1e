-- Records what a call decided. Order: log, then state, then sequence number (the caller's), publishing last; a script
-- that is cut short can then only repeat a transition under a newer version, never lose or invent one.
-- Needs: context.lua, row.lua, evaluate.lua.
local isoMs, isoText

-- RFC 3339 in UTC with milliseconds; days by the civil calendar (Hinnant, "chrono-compatible low-level date algorithms").
local function iso(ms)
  if ms == isoMs then return isoText end
  local seconds = floor(ms / 1000)
  local z = floor(seconds / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local rest = seconds % 86400
  isoMs, isoText = ms, format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', yoe + era * 400 + (month <= 2 and 1 or 0), month,
    doy - floor((153 * mp + 2) / 5) + 1, floor(rest / 3600), floor(rest / 60) % 60, rest % 60, ms % 1000)
  return isoText
end

local function quoted(text)
  return string.find(text, '^[%w%-_.@:]+$') and '"' .. text .. '"' or cjson.encode(text)
end

local function shownLastSeen(row)
  if row.status == 'online' or PRECISION == 'off' then return nil end
  local last = row.frozen or lastActive(row)
  if last == 0 then return nil end
  return PRECISION == 'hour' and last - last % 3600000 or last
end

local MASK = { [0] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15' }

-- Writes an entry down; its id is the next moment of the hybrid clock.
local function record(kind, tenant, event, devices)
  if recorded == 0 then ids, kinds, tenants, events, masks = {}, {}, {}, {}, {} end
  clock = clock + 1
  recorded = recorded + 1
  ids[recorded], kinds[recorded], tenants[recorded], events[recorded] = digits(clock), kind, tenant, event
  masks[recorded] = MASK[devices]
end

-- Shows a change: gives it a version, and writes down the public event.
local function transition(row, entry, status, shown, reason)
  local previous = row.status
  row.ver = clock + 1
  row.verText = digits(row.ver)
  if status ~= previous then row.since = floor(row.ver / 1000) end
  row.status, row.shown = status, shown
  local seen = shownLastSeen(row)
  record('t', entry.tenant, '{"tenant":"' .. entry.tenant.name .. '","user":' .. quoted(entry.user) .. ',"status":"' .. status
    .. '","previous":"' .. previous .. '","since":"' .. iso(row.since)
    .. (seen and '","lastSeen":"' .. iso(seen) or '') .. '","ver":' .. row.verText
    .. (row.name and ',"name":' .. cjson.encode(row.name) or '') .. (row.groups and ',"groups":' .. row.groups or '')
    .. (shown.text and ',"text":' .. cjson.encode(shown.text) or '')
    .. (shown.emoji and ',"emoji":' .. cjson.encode(shown.emoji) or '')
    .. (shown['until'] and ',"until":"' .. iso(shown['until']) .. '"' or '')
    .. ',"reason":"' .. reason .. '"}', status == 'offline' and 0 or devicesOf(row))
end

-- The log, and the clock with it, so that what a call that is cut short leaves in the log is not given out again.
-- Log ids are the clock as milliseconds and the rest; they have no leading zeros.
local function writeLog(logKey)
  for i = 1, recorded do
    local id = ids[i] + 0
    redis.call('XADD', logKey, format('%d-%d', floor(id / 1000), id % 1000), 'k', kinds[i], 'v', '1', 'e', events[i],
      'd', masks[i])
  end
  if recorded > 0 then
    redis.call('HSET', metaKey, 'clock', digits(clock), 'last', ids[recorded])
  elseif clock > storedClock then
    redis.call('HSET', metaKey, 'clock', digits(clock))
  end
end

-- A message to the nodes: generation, id before the first entry, id of the last, then a line an entry.
local function publish(channel)
  if recorded == 0 then return end
  local parts, n = { gen, '\n', digits(logged), '\n', ids[recorded] }, 5
  for i = 1, recorded do
    parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4], parts[n + 5] = '\n', ids[i], kinds[i], masks[i], events[i]
    n = n + 5
    if tenants[i].channel and kinds[i] == 't' then redis.call('PUBLISH', tenants[i].channel, events[i]) end
  end
  redis.call('SPUBLISH', channel, table.concat(parts))
end
