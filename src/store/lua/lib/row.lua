-- The stored row of one user, as domain/row.ts has it. Fields of the small hash:
--   c:<node>  <flags><devices><count>,<opened>[,<act>]   flags: stance (0 own, 1 took active, 2 took idle) + 3 when idle
--   h:<id>    <idle><devices>,<expires>,<act>
--   v         <status><ver>[,<since>]                    since left out when it is the moment of ver
--   l         <idle><lost><devices>,<at>,<grace>         the running grace
--   a last activity of what is gone · f frozen last seen · d next deadline · m there is a `more` hash
-- Fields of `more`: n name, g groups, i their iat, s what is shown, u own claim, k:<source> claims of services.
local STATUS = { o = 'online', a = 'away', b = 'busy', f = 'offline' }
local LETTER = { online = 'o', away = 'a', busy = 'b', offline = 'f' }

local function digits(number)
  return string.format('%d', number)
end

local function pairsOf(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local function parseRow(flat, readMore)
  local raw = pairsOf(flat)
  local row = { raw = raw, parts = {}, sessions = {}, claims = {}, seen = 0, iat = 0, due = 0,
    status = 'offline', since = 0, ver = 0, shown = {} }
  for field, value in pairs(raw) do
    local kind = string.sub(field, 1, 2)
    if kind == 'c:' then
      local flags, devices, count, opened, act = string.match(value, '^(%d)(%x)(%d+),(%d+),?(%d*)$')
      flags, opened = tonumber(flags), tonumber(opened)
      row.parts[string.sub(field, 3)] = { count = tonumber(count), opened = opened, act = tonumber(act) or opened,
        stance = flags % 3, idle = flags >= 3, devices = tonumber(devices, 16) }
    elseif kind == 'h:' then
      local idle, devices, expires, act = string.match(value, '^(%d)(%x),(%d+),(%d+)$')
      row.sessions[string.sub(field, 3)] = { idle = idle == '1', devices = tonumber(devices, 16),
        expires = tonumber(expires), act = tonumber(act) }
    end
  end
  if raw.v then
    local letter, ver, since = string.match(raw.v, '^(%l)(%d+),?(%d*)$')
    row.status, row.ver = STATUS[letter], tonumber(ver)
    row.since = tonumber(since) or math.floor(row.ver / 1000)
  end
  if raw.l then
    local idle, lost, devices, at, grace = string.match(raw.l, '^(%d)(%d)(%x),(%d+),(%d+)$')
    row.leave = { idle = idle == '1', lost = lost == '1', devices = tonumber(devices, 16),
      at = tonumber(at), grace = tonumber(grace) }
  end
  row.seen = tonumber(raw.a) or 0
  row.frozen = tonumber(raw.f)
  row.due = tonumber(raw.d) or 0
  row.more = raw.m and pairsOf(readMore()) or {}
  if raw.m then
    local more = row.more
    row.name, row.iat = more.n, tonumber(more.i) or 0
    row.groups = more.g
    row.shown = more.s and cjson.decode(more.s) or row.shown
    row.own = more.u and cjson.decode(more.u)
    for field, value in pairs(more) do
      if string.sub(field, 1, 2) == 'k:' then row.claims[string.sub(field, 3)] = cjson.decode(value) end
    end
  end
  return row
end

-- Versions and times in JSON as digits: cjson would keep 14 of 16.
local function claimJson(claim)
  local out = { '{"status":', claim.status and claim.status ~= cjson.null and ('"' .. claim.status .. '"') or 'null',
    ',"stamp":', digits(claim.stamp) }
  if claim.priority then out[#out + 1] = ',"priority":' .. digits(claim.priority) end
  if claim.text then out[#out + 1] = ',"text":' .. cjson.encode(claim.text) end
  if claim.emoji then out[#out + 1] = ',"emoji":' .. cjson.encode(claim.emoji) end
  if claim['until'] then out[#out + 1] = ',"until":' .. digits(claim['until']) end
  out[#out + 1] = '}'
  return table.concat(out)
end

local function shownJson(shown)
  local out = {}
  if shown.text then out[#out + 1] = '"text":' .. cjson.encode(shown.text) end
  if shown.emoji then out[#out + 1] = '"emoji":' .. cjson.encode(shown.emoji) end
  if shown['until'] then out[#out + 1] = '"until":' .. digits(shown['until']) end
  return #out > 0 and ('{' .. table.concat(out, ',') .. '}') or nil
end

local function flag(value)
  return value and '1' or '0'
end

local function rowFields(row, hasMore)
  local fields = {}
  for node, part in pairs(row.parts) do
    fields['c:' .. node] = string.format('%d%x%d,%d', part.stance + (part.idle and 3 or 0), part.devices, part.count,
      part.opened) .. (part.act ~= part.opened and (',' .. digits(part.act)) or '')
  end
  for id, session in pairs(row.sessions) do
    fields['h:' .. id] = string.format('%s%x,%d,%d', flag(session.idle), session.devices, session.expires, session.act)
  end
  if row.ver > 0 then
    fields.v = LETTER[row.status] .. digits(row.ver)
    if row.since ~= math.floor(row.ver / 1000) then fields.v = fields.v .. ',' .. digits(row.since) end
  end
  if row.leave then
    local leave = row.leave
    fields.l = string.format('%s%s%x,%d,%d', flag(leave.idle), flag(leave.lost), leave.devices, leave.at, leave.grace)
  end
  if row.seen > 0 then fields.a = digits(row.seen) end
  if row.frozen then fields.f = digits(row.frozen) end
  if row.due > 0 then fields.d = digits(row.due) end
  if hasMore then fields.m = '1' end
  return fields
end

local function moreFields(row)
  local fields = { n = row.name, g = row.groups, s = shownJson(row.shown), u = row.own and claimJson(row.own) }
  if row.iat > 0 then fields.i = digits(row.iat) end
  for source, claim in pairs(row.claims) do fields['k:' .. source] = claimJson(claim) end
  return fields
end

-- Brings a hash from `old` to `new` with at most one HSET and one HDEL.
local function writeFields(key, old, new)
  local set, del = { 'HSET', key }, { 'HDEL', key }
  for field, value in pairs(new) do
    if old[field] ~= value then
      set[#set + 1] = field
      set[#set + 1] = value
    end
  end
  for field in pairs(old) do
    if new[field] == nil then del[#del + 1] = field end
  end
  if #set > 2 then redis.call(unpack(set)) end
  if #del > 2 then redis.call(unpack(del)) end
end

local function saveRow(row, userKey, moreKey)
  local more = moreFields(row)
  writeFields(moreKey, row.more, more)
  writeFields(userKey, row.raw, rowFields(row, next(more) ~= nil))
end
