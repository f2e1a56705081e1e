-- Records what a call decided. Order: log, then state, then sequence number (the caller's), publishing last; a script that
-- is interrupted can then only repeat a transition under a newer version, never lose or invent one.
local befores, streamIds, channels, message = {}, {}, {}, {}
local recorded, lastId = 0, nil

function Commit.begin()
  recorded = 0
end

-- Appends an entry; its id is the next moment of `order`. `message` is what `publish` sends: generation, id before the first
-- entry, id of the last, then of every entry the id, the kind, the devices as bits and the event. Lists are reused from call
-- to call, because creating them costs more than filling them. Lua hashes every byte of a text it makes, so each text is
-- built once.
local function record(kind, tenant, event, devices, before)
  local n = 5 + recorded * 5
  order, recorded = order + 1, recorded + 1
  lastId = clockText(order)
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

-- Writes the log, and `order` with it, so that ids that an interrupted call left in the log are not allotted again.
function Commit.writeLog(logKey)
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

function Commit.publish(channel)
  if recorded == 0 then return end
  for i = 1, recorded do
    if channels[i] then call('PUBLISH', channels[i], message[i * 5 + 5]) end
  end
  message[1], message[2], message[3], message[4], message[5] = gen, '\n', clockText(logged), '\n', lastId
  call('SPUBLISH', channel, table.concat(message, '', 1, 5 + recorded * 5))
end
