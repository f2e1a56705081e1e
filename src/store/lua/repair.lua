-- Read-repair: rows that were lost, or are older than what somebody was shown, take that view and are evaluated.
-- KEYS and first two ARGV as sweep.lua; an entry in 3: tenant's position, user, known view as JSON
-- Reply: rows repaired, or -1 while the partition is on hold, or has to be reaped first
local function repair(keys, args)
  open(keys, args, 0)
  local logKey, channel, dueKey = KEYS[2], KEYS[3], KEYS[4]
  if not gen or hold > now or hasUnreaped(KEYS[5], ARGV[2]) then return -1 end

  local repaired = {}
  for _, entry in ipairs(openEntries(6, 3, 3)) do
    local row = load(entry)
    local at = before(row)
    local known = cjson.decode(ARGV[entry.arg + 2])
    known.lastSeen = known.lastSeen and known.lastSeen + shift
    if restore(row, known) then
      at.repair = true
      settle(entry, at)
      repaired[#repaired + 1] = entry
    end
  end

  writeLog(logKey)
  saveIndexes(repaired, dueKey)
  saveRows(repaired, dueKey)
  publish(channel)
  return #repaired
end
define('repair', repair)
