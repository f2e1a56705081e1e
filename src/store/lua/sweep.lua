-- Evaluates users whose deadline passed: ends of graces, claims, sessions, idle limits, retention. Checks here again what is
-- due.
-- KEYS: 1 meta  2 log  3 events  4 due  5 nodes, then online, away, busy for every tenant, then user for every entry
-- ARGV: 1 policy  2 what keys of heartbeats begin with  3 the time (`now`) as the caller reckoned it when it looked for
--       them  4… users as in entries.lua
-- Reply: users evaluated, or -1 while the partition is on hold, or has to be reaped first
local function sweep(keys, args)
  open(keys, args, 0)
  local logKey, channel, dueKey = KEYS[2], KEYS[3], KEYS[4]
  if hold > now then
    -- This call itself shows that writes are taken: see beat.lua.
    if gen and redis.call('HEXISTS', metaKey, 'stuck') == 1 then redis.call('HSETNX', metaKey, 'taken', digits(now)) end
    return -1
  end
  if not gen or Nodes.hasUnreaped(KEYS[5], ARGV[2]) then return -1 end
  -- Whatever delayed this call also delayed the reconnects of users, which may be queued behind it.
  local late = min(now - ARGV[3], 5000)
  if late > lag then lag, lagUntil = late, FOREVER end

  local swept, forgotten = {}, {}
  for _, entry in ipairs(Entries.openAll(6, 4, 2)) do
    local row = Entries.load(entry)
    if row.nextDeadline == 0 then
      Entries.indexRemove(dueKey, entry.member)
    elseif row.nextDeadline > now then
      -- Queued too early. Left in place, enough such users would hide those that are due.
      Entries.indexAdd(dueKey, entry.member, digits(row.nextDeadline))
    else
      Settle.settle(entry, Evaluate.before(row))
      local list = Evaluate.isForgettable(row) and forgotten or swept
      list[#list + 1] = entry
    end
  end

  Commit.writeLog(logKey)
  for _, entry in ipairs(forgotten) do
    Entries.indexStatus(entry, entry.was, 'offline')
    entry.row.groups = nil
    if entry.groups then Settle.regroup(entry) end
  end
  Entries.saveIndexes(swept, dueKey)
  Entries.saveRows(swept, dueKey)
  for _, entry in ipairs(forgotten) do
    redis.call('DEL', entry.key)
    Entries.indexRemove(dueKey, entry.member)
  end
  Entries.writeIndexes()
  Commit.publish(channel)
  return #swept + #forgotten
end
define('sweep', sweep)
