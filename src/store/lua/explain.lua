-- Everything that is stored of a user, and their last transitions as long as the log holds them: each names the one before.
-- KEYS: 1 meta  2 log  3 user   ARGV: 1 policy
-- Reply: {'young'} or {'ok', the user as in reply.lua, {seen, left, due, lag, revoked, frozen or -1,
--   when a transition that waits is shown, or 0, the time of day},
--   {node, stance, idle 0|1, devices, count, opened, act, kinds not in use, …}, {session, idle 0|1, devices, expires, act, …},
--   {source, claim as JSON, …}, {at, grace, idle 0|1, lost 0|1, devices} or {}, {entry of the log as XRANGE has it, …}}
local MAX_TRANSITIONS = 5

local function put(list, ...)
  for _, value in ipairs({ ... }) do
    list[#list + 1] = type(value) == 'number' and digits(value) or value
  end
end

-- A moment as shown to people, by the time of day; 0 and -1 are none.
local function told(moment)
  return moment > 0 and moment - shift or moment
end

-- When the damped transition is shown (damping.lua); 0 when none waits.
local function waitsUntil(row)
  local turn = Damping.turnAt(row)
  if turn <= now then return 0 end
  return Evaluate.isAsShown(row) and 0 or told(turn)
end

local function lastTransitions(ver)
  local entries = {}
  while ver > 0 and #entries < MAX_TRANSITIONS do
    local id = format('%d-%d', floor(ver / 1000), ver % 1000)
    local entry = call('XRANGE', KEYS[2], id, id)[1]
    if not entry then break end
    entries[#entries + 1] = entry
    ver = 0
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'p' then ver = entry[2][i + 1] + 0 end
    end
  end
  return entries
end

local function explain(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local row = RowCodec.decode(call('GET', KEYS[3]))
  local numbers, nodes, sessions, claims, running = {}, {}, {}, {}, {}
  put(numbers, told(row.goneActiveAt), told(row.goneOpenedAt), told(row.nextDeadline), lag, row.revoked and Json.revocation(row.revoked) or '0',
    told(row.hiddenLastSeen or -1), waitsUntil(row), redisNow)
  for _, holding in ipairs(row.nodes) do
    put(nodes, holding.node, holding.stance, holding.idle and 1 or 0, holding.devices, holding.count, told(holding.openedAt),
      told(holding.activeAt), holding.idleDevices or 0)
  end
  for id, session in pairs(row.sessions) do
    put(sessions, id, session.idle and 1 or 0, session.devices, told(session.expiresAt), told(session.activeAt))
  end
  for source, claim in pairs(row.claims) do put(claims, source, Json.claim(claim)) end
  local grace = row.grace
  if grace then put(running, told(grace.startedAt), grace.durationMs, grace.idle and 1 or 0, grace.nodeLost and 1 or 0, grace.devices) end
  return { 'ok', Reply.user(row, true), numbers, nodes, sessions, claims, running, lastTransitions(row.ver) }
end
define('explain', explain, { 'no-writes' })
