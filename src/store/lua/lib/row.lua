-- The stored row of one user, as domain/row.ts has it. Fields of the small hash:
--   c:<node>  <flags><devices><count>,<opened>[,<act>]   flags: stance (0 own, 1 took active, 2 took idle) + 3 when idle
--   h:<id>    <idle><devices>,<expires>,<act>
--   v         <status><ver>[,<since>]                    since left out when it is the moment of ver
--   l         <idle><lost><devices>,<at>,<grace>         the running grace
--   a last activity of what is gone · o newest opening of what is gone · f frozen last seen · d next deadline · m there is a `more` hash
-- Fields of `more`: n name, g groups, i their iat, s what is shown, u own claim, k:<source> claims of services.
-- Needs: context.lua. Rows share EMPTY and BLANK where they have nothing: what is rare costs nothing.
local STATUS = { o = 'online', a = 'away', b = 'busy', f = 'offline' }
local LETTER = { online = 'o', away = 'a', busy = 'b', offline = 'f' }

local function pairsOf(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local function parseMore(row, more)
  row.more = more
  row.name, row.iat, row.groups = more.n, (more.i or 0) + 0, more.g
  row.shown = more.s and cjson.decode(more.s) or EMPTY
  row.own = more.u and cjson.decode(more.u)
  local claims = {}
  for field, value in pairs(more) do
    if string.sub(field, 1, 2) == 'k:' then claims[string.sub(field, 3)] = cjson.decode(value) end
  end
  if next(claims) then row.claims = claims end
end

-- What a row is as long as nothing else is known.
local BLANK = { __index = { more = EMPTY, sessions = EMPTY, claims = EMPTY, seen = 0, left = 0, iat = 0 } }

local function loadRow(userKey, moreKey)
  local flat = redis.call('HGETALL', userKey)
  local row = setmetatable({ raw = EMPTY, parts = {}, shown = EMPTY, status = 'offline', since = 0, ver = 0, due = 0,
    verText = '0' }, BLANK)
  if #flat == 0 then return row end
  local raw = pairsOf(flat)
  row.raw = raw
  for field, value in pairs(raw) do
    local kind = string.sub(field, 1, 2)
    if kind == 'c:' then
      local flags, devices, count, opened, act = match(value, '^(%d)(%x)(%d+),(%d+),?(%d*)$')
      flags, opened = flags + 0, opened + 0
      row.parts[string.sub(field, 3)] = { count = count + 0, opened = opened, act = tonumber(act) or opened,
        stance = flags % 3, idle = flags >= 3, devices = tonumber(devices, 16) }
    elseif kind == 'h:' then
      local idle, devices, expires, act = match(value, '^(%d)(%x),(%d+),(%d+)$')
      if row.sessions == EMPTY then row.sessions = {} end
      row.sessions[string.sub(field, 3)] = { idle = idle == '1', devices = tonumber(devices, 16),
        expires = expires + 0, act = act + 0 }
    end
  end
  if raw.v then
    local letter, ver, since = match(raw.v, '^(%l)(%d+),?(%d*)$')
    row.status, row.ver, row.verText = STATUS[letter], ver + 0, ver
    row.since = tonumber(since) or floor(row.ver / 1000)
  end
  if raw.l then
    local idle, lost, devices, at, grace = match(raw.l, '^(%d)(%d)(%x),(%d+),(%d+)$')
    row.leave = { idle = idle == '1', lost = lost == '1', devices = tonumber(devices, 16), at = at + 0, grace = grace + 0 }
  end
  if raw.o then row.left = raw.o + 0 end
  if raw.a then row.seen = raw.a + 0 end
  if raw.f then row.frozen = raw.f + 0 end
  if raw.d then row.due = raw.d + 0 end
  if raw.m then parseMore(row, pairsOf(redis.call('HGETALL', moreKey))) end
  return row
end

local function claimJson(claim)
  local status = claim.status and claim.status ~= cjson.null and '"' .. claim.status .. '"' or 'null'
  return '{"status":' .. status .. ',"stamp":' .. digits(claim.stamp)
    .. (claim.priority and ',"priority":' .. digits(claim.priority) or '')
    .. (claim.text and ',"text":' .. cjson.encode(claim.text) or '')
    .. (claim.emoji and ',"emoji":' .. cjson.encode(claim.emoji) or '')
    .. (claim['until'] and ',"until":' .. digits(claim['until']) or '') .. '}'
end

local function shownJson(shown)
  local out = {}
  if shown.text then out[#out + 1] = '"text":' .. cjson.encode(shown.text) end
  if shown.emoji then out[#out + 1] = '"emoji":' .. cjson.encode(shown.emoji) end
  if shown['until'] then out[#out + 1] = '"until":' .. digits(shown['until']) end
  return #out > 0 and '{' .. table.concat(out, ',') .. '}' or nil
end

-- Brings a hash from `old` to `new` with at most one HSET and one HDEL.
local function writeFields(key, old, new)
  local set, n = { 'HSET', key, nil, nil, nil, nil }, 2
  for field, value in pairs(new) do
    if old[field] ~= value then
      set[n + 1], set[n + 2] = field, value
      n = n + 2
    end
  end
  if n > 2 then redis.call(unpack(set, 1, n)) end
  if old == EMPTY then return end
  local del = { 'HDEL', key }
  for field in pairs(old) do
    if new[field] == nil then del[#del + 1] = field end
  end
  if #del > 2 then redis.call(unpack(del)) end
end

local function saveMore(row, moreKey)
  local fields = { n = row.name, g = row.groups, s = shownJson(row.shown), u = row.own and claimJson(row.own) }
  if row.iat > 0 then fields.i = digits(row.iat) end
  for source, claim in pairs(row.claims) do fields['k:' .. source] = claimJson(claim) end
  writeFields(moreKey, row.more, fields)
  return next(fields) ~= nil
end

local function partText(part)
  local text = format('%d%x%d,%d', part.idle and part.stance + 3 or part.stance, part.devices, part.count, part.opened)
  return part.act == part.opened and text or text .. ',' .. digits(part.act)
end

-- Status, version and, where it is another moment, since: as stored, and as told to callers.
local function viewText(row)
  local text = LETTER[row.status] .. row.verText
  return row.since == floor(row.ver / 1000) and text or text .. ',' .. digits(row.since)
end

local function saveRow(row, userKey, moreKey)
  local fields = { v = row.ver > 0 and viewText(row) or nil }
  for node, part in pairs(row.parts) do fields['c:' .. node] = partText(part) end
  if row.sessions ~= EMPTY then
    for id, session in pairs(row.sessions) do
      fields['h:' .. id] = format('%d%x,%d,%d', session.idle and 1 or 0, session.devices, session.expires, session.act)
    end
  end
  local leave = row.leave
  if leave then
    fields.l = format('%d%d%x,%d,%d', leave.idle and 1 or 0, leave.lost and 1 or 0, leave.devices, leave.at, leave.grace)
  end
  if row.left > 0 then fields.o = digits(row.left) end
  if row.seen > 0 then fields.a = digits(row.seen) end
  if row.frozen then fields.f = digits(row.frozen) end
  if row.due > 0 then fields.d = digits(row.due) end
  local hasMore = row.more ~= EMPTY or row.name or row.groups or row.own or row.shown ~= EMPTY or row.claims ~= EMPTY
  if hasMore and saveMore(row, moreKey) then fields.m = '1' end
  writeFields(userKey, row.raw, fields)
end
