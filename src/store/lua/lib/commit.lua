-- Records what a call decided. Order: log, then state, then sequence number (the caller's), publishing last; a script
-- that is cut short can then only repeat a transition under a newer version, never lose or invent one.
-- Needs: context.lua, row.lua, evaluate.lua.
-- Exports: shownLastSeen, shownSince, shownText, transition, command, writeLog, publish
local isoMs, isoText
local minuteTexts, minutesKnown = EMPTY, 0

-- The civil calendar is that of Hinnant, "chrono-compatible low-level date algorithms".
local function minuteText(minute)
  local z = floor(minute / 1440) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return format('%04d-%02d-%02dT%02d:%02d:', yoe + era * 400 + (month <= 2 and 1 or 0), month,
    doy - floor((153 * mp + 2) / 5) + 1, floor(minute / 60) % 24, minute % 60)
end

-- RFC 3339 in UTC with milliseconds. Most moments are in few minutes, whose texts are kept.
local function iso(ms)
  if ms == isoMs then return isoText end
  local minute = floor(ms / 60000)
  local text = minuteTexts[minute]
  if not text then
    if minutesKnown % 1000 == 0 then minuteTexts = {} end
    text, minutesKnown = minuteText(minute), minutesKnown + 1
    minuteTexts[minute] = text
  end
  local rest = ms - minute * 60000
  local second = floor(rest / 1000)
  isoMs, isoText = ms, text .. SECOND[second] .. PADDED[rest - second * 1000] .. 'Z'
  return isoText
end

-- Ids have no control characters: nothing else has to be escaped.
local function escaped(text)
  if find(text, '"', 1, true) or find(text, '\\', 1, true) then return string.sub(cjson.encode(text), 2, -2) end
  return text
end

function shownLastSeen(row)
  if row.status == 'online' or PRECISION == 'off' then return nil end
  local last = row.frozen or knownActive(row)
  if last == 0 then return nil end
  last = last - shift
  return PRECISION == 'hour' and last - last % 3600000 or last
end

-- When the status began, as others may see it; 0 where they may not. The mirror of domain/show.ts.
function shownSince(row)
  local status, since = row.status, row.since
  if PRECISION == 'exact' or status == 'online' or status == 'busy' then return since end
  return PRECISION == 'hour' and since - since % 3600000 or 0
end

-- Writes an entry down; its id is the next moment of `order`. `message` is what `publish` sends: generation, id
-- before the first entry, id of the last, then of every entry the id, the kind, the devices as bits and the event. Lists
-- are kept from call to call, because making them anew costs more than filling them; and every byte of a text that Lua
-- makes is hashed, so that texts are put together once.
local function record(kind, tenant, event, devices, before)
  local n = 5 + recorded * 5
  order, recorded = order + 1, recorded + 1
  lastId = clockText(order)
  -- Ids in streams have no leading zeros.
  streamIds[recorded], channels[recorded] = printed .. '-' .. PLAIN[order % 1000], kind == 't' and tenant.channel
  befores[recorded] = before
  message[n + 1], message[n + 2], message[n + 3], message[n + 4], message[n + 5] = '\n', lastId, kind, PLAIN[devices], event
end

-- A view as JSON: `head` up to the text before `since`, and `tail` after its last field. Put together once, see `record`.
function shownText(head, row, tail)
  local since, seen, shown = shownSince(row), shownLastSeen(row), row.shown
  return head .. (since > 0 and '","since":"' .. iso(since) or '') .. (seen and '","lastSeen":"' .. iso(seen) or '') .. '","ver":' .. clockText(row.ver)
    .. (row.name and ',"name":' .. cjson.encode(row.name) or '') .. (row.groups and ',"groups":' .. row.groups or '')
    .. (shown.text and ',"text":' .. cjson.encode(shown.text) or '')
    .. (shown.emoji and ',"emoji":' .. cjson.encode(shown.emoji) or '')
    .. (shown['until'] and ',"until":"' .. iso(shown['until']) .. '"' or '') .. tail
end

-- Shows a change: gives it a version, and writes down the public event.
function transition(row, entry, status, shown, reason)
  local previous, before = row.status, row.ver > 0 and digits(row.ver)
  if PACE > 0 then spend(row) end
  row.ver = order + 1
  if status ~= previous then row.since = redisNow end
  row.status = status
  if shown ~= row.shown then row.shown = shown end
  record('t', entry.tenant, shownText('{"tenant":"' .. entry.tenant.name .. '","user":"' .. escaped(entry.user) .. '","status":"'
    .. status .. '","previous":"' .. previous, row, ',"reason":"' .. reason .. '"}'), status == 'offline' and 0 or devicesOf(row), before)
end

-- What nodes have to know although nobody sees it change.
function command(entry, kind, rest, devices)
  record('c', entry.tenant, '{"type":"' .. kind .. '","tenant":"' .. entry.tenant.name .. '","user":"' .. escaped(entry.user)
    .. '",' .. rest .. '}', devices or 0)
end

-- The log, and `order` with it, so that what a call that is cut short leaves in the log is not given out again.
function writeLog(logKey)
  for i = 1, recorded do
    local n = i * 5
    if befores[i] then
      call('XADD', logKey, streamIds[i], 'k', message[n + 3], 'v', '1', 'e', message[n + 5], 'd', message[n + 4], 'p', befores[i])
    else
      call('XADD', logKey, streamIds[i], 'k', message[n + 3], 'v', '1', 'e', message[n + 5], 'd', message[n + 4])
    end
  end
  if recorded > 0 then
    call('HSET', metaKey, 'clock', lastId, 'last', lastId)
  elseif order > storedOrder then
    call('HSET', metaKey, 'clock', clockText(order))
  end
end

function publish(channel)
  if recorded == 0 then return end
  for i = 1, recorded do
    if channels[i] then call('PUBLISH', channels[i], message[i * 5 + 5]) end
  end
  message[1], message[2], message[3], message[4], message[5] = gen, '\n', clockText(logged), '\n', lastId
  call('SPUBLISH', channel, table.concat(message, '', 1, 5 + recorded * 5))
end
