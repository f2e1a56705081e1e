-- Records what a call decided. Order: log, then state, then sequence number (the caller's), publishing last; a script that
-- is interrupted can then only repeat a transition under a newer version, never lose or invent one.
local befores, streamIds, channels, message = {}, {}, {}, {}
local recorded, lastId = 0, nil
-- Of places: ids of the newest entry here and of the newest that belongs to the other log, and entries that newer ones replace.
local lastPlace, lastLogged, replaced = 0, 0, EMPTY

function Commit.begin()
  recorded, lastPlace, lastLogged, replaced = 0, 0, 0, EMPTY
end

-- Appends an entry; its id is the next moment of `order`. `message` is what `publish` sends: generation, id before the first
-- entry, id of the last, then of every entry the id, the kind, the devices as bits and the event. Lists are reused from call
-- to call, because creating them costs more than filling them. Lua hashes every byte of a text it makes, so each text is
-- built once.
local function record(kind, tenant, event, devices, before)
  local n = 5 + recorded * 5
  order, recorded = order + 1, recorded + 1
  lastId = clockText(order)
  if kind == 'p' then lastPlace = order else lastLogged = order end
  streamIds[recorded], channels[recorded] = streamId(order), kind == 't' and tenant.channel
  befores[recorded] = before
  message[n + 1], message[n + 2], message[n + 3], message[n + 4], message[n + 5] = '\n', lastId, kind, PLAIN[devices], event
end

-- Shows a change: gives it a version, and records the public event.
function Commit.transition(row, entry, status, shown, reason, note)
  local previous, before = row.status, row.ver > 0 and digits(row.ver)
  if PACE > 0 then Damping.spend(row) end
  row.ver = order + 1
  if status ~= previous then row.since = redisNow end
  row.status = status
  if shown ~= row.shown then row.shown = shown end
  if note ~= row.shownNote then row.shownNote = note end
  record('t', entry.tenant, Json.view('{"tenant":"' .. entry.tenant.name .. '","user":"' .. Json.escaped(entry.user) .. '","status":"'
    .. status .. '","previous":"' .. previous, row, ',"reason":"' .. reason .. '"}'), status == 'offline' and 0 or Row.devicesOf(row), before)
end

-- Commands: what nodes have to know although watchers see no change.
function Commit.command(entry, kind, rest, devices)
  record('c', entry.tenant, '{"type":"' .. kind .. '","tenant":"' .. entry.tenant.name .. '","user":"' .. Json.escaped(entry.user)
    .. '",' .. rest .. '}', devices or 0)
end

-- Shows a change in a place: gives it a version, and records the event. `stay` is what others see of the member there: `data`
-- as it is now, `since` and `ver`; `changed` stays with it and says that `ver` is of a `changed`, of which only the newest is kept.
function Commit.place(entry, place, stay, change, reason)
  local row, tenant, data = entry.row, entry.tenant, stay.data
  if change == 'changed' and stay.changed then
    if replaced == EMPTY then replaced = {} end
    replaced[#replaced + 1] = streamId(stay.ver)
  end
  stay.ver, stay.changed = order + 1, change == 'changed' or nil
  if change == 'entered' then stay.since = redisNow end
  local since = Show.shownActivity(change == 'left' and redisNow or stay.since)
  record('p', tenant, '{"tenant":"' .. tenant.name .. '","place":"' .. Json.escaped(place) .. '","user":"' .. Json.escaped(entry.user)
    .. '","change":"' .. change .. (since and '","since":"' .. iso(since) or '') .. '","ver":' .. clockText(order + 1)
    .. (row.name and ',"name":' .. cjson.encode(row.name) or '') .. (row.groups and ',"groups":' .. row.groups or '')
    .. (data and change ~= 'left' and ',"data":' .. data or '') .. ',"reason":"' .. reason .. '"}', 0)
end

-- Notifies the nodes that everybody, or one user, was put out of a place.
function Commit.putOut(tenant, place, user, at)
  record('c', { name = tenant }, '{"type":"put_out","tenant":"' .. tenant .. '","place":"' .. Json.escaped(place)
    .. (user and '","user":"' .. Json.escaped(user) or '') .. '","at":' .. clockText(at) .. '}', 0)
end

-- All keys of a partition share what they begin with, see decision 10.
function Commit.placeLogKey()
  return string.sub(metaKey, 1, -5) .. 'plog'
end

-- Which entry is the last of either log shows a reader of both that one of them is gone.
local function writePlaces(logKey)
  local gone = 0
  for i = 1, #replaced, 1000 do gone = gone + call('XDEL', logKey, unpack(replaced, i, min(i + 999, #replaced))) end
  if gone > 0 then call('HINCRBY', metaKey, 'ptrimmed', gone) end
  local other = lastLogged > 0 and lastLogged or logged > placed and logged
  if other then call('HSET', metaKey, 'tlast', digits(other)) end
  call('HSET', metaKey, 'clock', lastId, 'last', lastId, 'plast', digits(lastPlace))
end

-- Writes the log, and `order` with it, so that ids that an interrupted call left in the log are not allotted again.
function Commit.writeLog(logKey)
  for i = 1, recorded do
    local n = i * 5
    if message[n + 3] == 'p' then
      call('XADD', Commit.placeLogKey(), streamIds[i], 'k', 'p', 'v', '1', 'e', message[n + 5])
    elseif befores[i] then
      call('XADD', logKey, streamIds[i], 'k', message[n + 3], 'v', '1', 'e', message[n + 5], 'd', message[n + 4], 'p', befores[i])
    else
      call('XADD', logKey, streamIds[i], 'k', message[n + 3], 'v', '1', 'e', message[n + 5], 'd', message[n + 4])
    end
  end
  if lastPlace > 0 then
    writePlaces(Commit.placeLogKey())
  elseif recorded > 0 then
    call('HSET', metaKey, 'clock', lastId, 'last', lastId)
  elseif order > storedOrder then
    call('HSET', metaKey, 'clock', clockText(order))
  end
end

function Commit.publish(channel)
  if recorded == 0 then return end
  for i = 1, recorded do
    if channels[i] then call('PUBLISH', channels[i], message[i * 5 + 5]) end
  end
  message[1], message[2], message[3], message[4], message[5] = gen, '\n', clockText(logged), '\n', lastId
  call('SPUBLISH', channel, table.concat(message, '', 1, 5 + recorded * 5))
end
