-- Sets or clears the person's own claim for a caller without a socket, and tells the nodes that hold the user.
-- KEYS: 1 meta  2 log  3 events  4 due  then online, away, busy of the tenant, then user
-- ARGV: 1 policy  2… the user as in entries.lua, with the claim as JSON without a stamp
-- Reply: {'young'} while the partition heals, or {'ok', the user as in reply.lua}
local function claim(keys, args)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end

  local entry = openEntries(5, 2, 3)[1]
  local row = load(entry)
  local at = before(row)
  local claim = cjson.decode(ARGV[entry.arg + 2])
  claim.stamp = max(clock, (row.own and row.own.stamp or 0) + 1)
  at.deliberate = takeOwnClaim(row, claim)
  settle(entry, at)
  if row.parts[1] then
    command(entry, 'claim', '"claim":' .. claimJson(row.own))
  end

  clock = max(clock, claim.stamp)
  writeLog(KEYS[2])
  saveIndexes({ entry }, KEYS[4])
  saveRows({ entry }, KEYS[4])
  publish(KEYS[3])
  return { 'ok', selfReply(row) }
end
define('claim', claim)
