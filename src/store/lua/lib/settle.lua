-- Evaluates a user whose inputs changed, and records what changed with it.

-- Updates the members of groups to match the row. Which groups a row names is known only here, so their keys are made from a
-- prefix instead of being declared; they share the partition's slot. Returns whether the user joined or left a group.
function Settle.regroup(entry)
  local was, is = {}, {}
  for _, group in ipairs(entry.groups and cjson.decode(entry.groups) or EMPTY) do was[group] = true end
  for _, group in ipairs(entry.row.groups and cjson.decode(entry.row.groups) or EMPTY) do is[group] = true end
  entry.groups = entry.row.groups
  local changed, prefix = false, Entries.groupPrefix .. entry.tenant.name .. ':'
  for group in pairs(was) do
    if not is[group] then
      Entries.indexRemove(prefix .. group, entry.user)
      changed = true
    end
  end
  for group in pairs(is) do
    if not was[group] then
      Entries.indexAdd(prefix .. group, entry.user, '0')
      changed = true
    end
  end
  return changed
end

-- `at`: see evaluate.lua. A repaired view is not published, because watchers read again after a loss.
function Settle.settle(entry, at)
  local row = entry.row
  local known = row.ver > 0
  local status, shown, reason, note = Evaluate.evaluate(row, at)
  -- What others see of the user ended by its age. That is not published, as it is not for a user who left.
  local hasAged = known and row.ver == 0
  if status then Commit.transition(row, entry, status, shown, reason, note) end
  if row.places ~= EMPTY or row.putOut ~= EMPTY or row.placesLeft then
    ShowPlaces.showPlaces(row, at, entry, status and reason or nil)
  end
  if row.groups ~= entry.groups and Settle.regroup(entry) and not status and not at.repair and not hasAged then
    Commit.command(entry, 'groups', Json.view('"view":{"status":"' .. row.status, row, '}'),
      row.status == 'offline' and 0 or Row.devicesOf(row))
  end
end

-- Notifies the nodes that hold the user of the person's groups, when these have changed: what the person may see follows
-- from them, even while others see nothing of it. This comes before any watcher learns that they left a group.
function Settle.tellGroups(entry, known)
  local groups, stamp = Profile.trueGroups(entry.row)
  if groups and groups ~= known then
    Commit.command(entry, 'own', '"groups":' .. groups .. ',"stamp":' .. format('%.17g', stamp))
  end
end

-- Notifies the nodes that hold the user of the person's note, so that they can send it again if this row is lost.
function Settle.tellNote(entry)
  Commit.command(entry, 'note', '"note":' .. Json.said(Note.trueNote(entry.row)))
end

-- Takes what the token of a call says.
function Settle.mergeProfile(entry, profile)
  local row = entry.row
  if not profile.name and not profile.groups then return end
  local known, wasHeardOf = Profile.trueGroups(row), Profile.isHeardOf(row)
  Profile.mergeProfile(row, profile)
  if wasHeardOf or row.nodes[1] then Settle.tellGroups(entry, known) end
end
