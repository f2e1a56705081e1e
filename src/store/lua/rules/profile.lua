-- What tokens say of a user: the mirror of domain/profile.ts. Groups are a list as JSON text; name and groups have a stamp
-- each, the `iat` of the token that said them.

local function newerWord(held, heldIat, said, saidIat)
  if said and (not held or (saidIat > 0 and saidIat >= heldIat)) then return said, saidIat end
  return held, heldIat
end

-- The person's own truth: what the newest tokens say, whether others may see it or not. Returns the groups and their stamp.
function Profile.trueGroups(row)
  if row.pending and row.pending.groups then return row.pending.groups, row.pending.groupsIat end
  return row.groups, row.groupsIat
end

function Profile.trueName(row)
  if row.pending and row.pending.name then return row.pending.name, row.pending.nameIat end
  return row.name, row.nameIat
end

-- Somebody knows something of the person, so that others may have been told it.
function Profile.isHeardOf(row)
  return row.ver > 0 or row.name or row.groups or row.pending
end

-- What is told while the person is invisible waits: whoever is offline gets no new name and joins no group. `saidAt`: now,
-- when who says it only watches, so that nothing else tells how long to keep it.
function Profile.takeWords(row, said, saidAt)
  local name, nameIat = Profile.trueName(row)
  local groups, groupsIat = Profile.trueGroups(row)
  name, nameIat = newerWord(name, nameIat, said.name, said.nameIat or said.iat)
  groups, groupsIat = newerWord(groups, groupsIat, said.groups, said.groupsIat or said.iat)
  local to = row
  if row.frozen or (row.own and row.own.status == 'invisible') then
    row.pending = row.pending or {}
    to = row.pending
  elseif saidAt then
    row.said = max(row.said, saidAt)
  end
  to.name, to.nameIat, to.groups, to.groupsIat = name, nameIat, groups, groupsIat
end

function Profile.revealWords(row)
  local name, nameIat = Profile.trueName(row)
  local groups, groupsIat = Profile.trueGroups(row)
  row.name, row.nameIat, row.groups, row.groupsIat, row.pending = name, nameIat, groups, groupsIat, nil
end
