-- Takes revocations that name which tokens are refused: new ones of tokens issued before a moment, and those that were lost
-- with the data, from a node that still knows them. A revocation stays true for ever, so any number of nodes may send it, in
-- any order, and while the partition is still being gathered.
-- KEYS: 1 meta  2 log  3 events  4 due  5 revoked, then as in entries.lua
-- ARGV: 1 policy  2… the users as in entries.lua, with the revocation (s)
-- Reply: {'young'} before the first beat, or {'ok', how many were not known}
local function refuse(keys, args)
  open(keys, args, 0)
  if not gen then return { 'young' } end
  local entries, members = Entries.openAll(6, 2, 3), {}
  for n, entry in ipairs(entries) do members[n] = entry.member end
  local listed, taken, list = call('ZMSCORE', KEYS[5], unpack(members)), {}, { 'ZADD', KEYS[5] }
  for n, entry in ipairs(entries) do
    local at = ARGV[entry.arg + 2] + 0
    local isKnown = entry.value and listed[n] and Ending.refusedBefore(listed[n] + 0) >= Ending.refusedBefore(at)
    -- A revocation that refuses no token any more stays forgotten.
    if not isKnown and at * 1000 + REVOCATION > redisNow then
      local row = Entries.load(entry)
      local was = Evaluate.before(row)
      Ending.revoke(row, at)
      if Ending.endRefusedSessions(row) then was.deliberate = 'revoked' end
      Settle.settle(entry, was)
      -- For nodes that started in between, or were cut off when the revocation was made.
      Commit.command(entry, 'refuse', '"at":' .. Json.revocation(row.revoked))
      list[#list + 1], list[#list + 2] = Json.revocation(row.revoked), entry.member
      taken[#taken + 1] = entry
    end
  end

  if not taken[1] then return { 'ok', 0 } end
  Commit.writeLog(KEYS[2])
  Entries.saveIndexes(taken, KEYS[4])
  Entries.saveRows(taken, KEYS[4])
  -- After the rows, because listed owners are not checked again.
  call(unpack(list))
  Commit.publish(KEYS[3])
  return { 'ok', #taken }
end
define('refuse', refuse)
