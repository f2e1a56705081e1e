-- Read-repair: rows that were lost, or are older than what a watcher was shown, take that view and are evaluated.
-- KEYS and first two ARGV as sweep.lua; an entry in 3: tenant's position, user, known view as JSON
-- While a loss is gathered rows are only restored: a user who came back on another node is shown by the first sweep after
-- it, and only the watchers may still know what the user was shown as.
-- Reply: rows repaired, or -1 while the partition is on hold without that, or has to be reaped first

-- While a loss is gathered, it is not known yet whether the nodes that held the user are gone. If they are, then since now
-- at the latest: the grace begins, as for connections of any lost node. The last activity is lost with the row.
local function awaitNodes(row)
  if row.status == 'offline' or Row.isPresent(row) then return end
  if row.status == 'online' and row.goneActiveAt == 0 then row.goneActiveAt = now end
  Absorb.mergeGrace(row, now, GRACE, row.status == 'away', true, 0, 0)
end

local function repair(keys, args)
  open(keys, args, 0)
  local logKey, channel, dueKey = KEYS[2], KEYS[3], KEYS[4]
  if not gen or not gathering and (hold > now or Nodes.hasUnreaped(KEYS[5], ARGV[2])) then return -1 end

  local repaired = {}
  for _, entry in ipairs(Entries.openAll(6, 3, 3)) do
    local row = Entries.load(entry)
    local at = Evaluate.before(row)
    local known = cjson.decode(ARGV[entry.arg + 2])
    known.lastSeen = known.lastSeen and known.lastSeen + shift
    if Absorb.restore(row, known) then
      if gathering then awaitNodes(row) end
      at.repair = true
      Settle.settle(entry, at)
      repaired[#repaired + 1] = entry
    end
  end

  Commit.writeLog(logKey)
  Entries.saveIndexes(repaired, dueKey)
  Entries.saveRows(repaired, dueKey)
  Commit.publish(channel)
  return #repaired
end
define('repair', repair)
