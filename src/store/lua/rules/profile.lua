-- What tokens say of a user: the mirror of domain/profile.ts. Groups are a list as JSON text; name and groups have a stamp
-- each, the `iat` of the token that said them.

local function newerOf(held, heldIat, said, saidIat)
  if said and (not held or (saidIat > 0 and saidIat >= heldIat)) then return said, saidIat end
  return held, heldIat
end

-- What the newest tokens say of the person, whether others may see it or not. Returns the groups and their stamp.
function Profile.trueGroups(row)
  if row.pendingProfile and row.pendingProfile.groups then return row.pendingProfile.groups, row.pendingProfile.groupsIat end
  return row.groups, row.groupsIat
end

function Profile.trueName(row)
  if row.pendingProfile and row.pendingProfile.name then return row.pendingProfile.name, row.pendingProfile.nameIat end
  return row.name, row.nameIat
end

-- Something of the person is known, so that others may have been shown it.
function Profile.isHeardOf(row)
  return row.ver > 0 or row.name or row.groups or row.pendingProfile
end

-- The person is invisible, or was and has not been seen since.
function Profile.isHidden(row)
  return row.hiddenLastSeen or (row.ownClaim and row.ownClaim.status == 'invisible')
end

-- A profile that arrives while the person is invisible waits: a user shown offline gets no new name and joins no group.
-- `saidAt`: now, when the token's connection only watches, because nothing else then decides how long to keep it.
function Profile.mergeProfile(row, said, saidAt)
  local name, nameIat = Profile.trueName(row)
  local groups, groupsIat = Profile.trueGroups(row)
  name, nameIat = newerOf(name, nameIat, said.name, said.nameIat or said.iat)
  groups, groupsIat = newerOf(groups, groupsIat, said.groups, said.groupsIat or said.iat)
  local to = row
  if Profile.isHidden(row) then
    row.pendingProfile = row.pendingProfile or {}
    to = row.pendingProfile
  elseif saidAt then
    row.profileSaidAt = max(row.profileSaidAt, saidAt)
  end
  to.name, to.nameIat, to.groups, to.groupsIat = name, nameIat, groups, groupsIat
end

-- A backend's word on the groups, as of now: the newest, whatever tokens said before. Others see it at once.
local CALL_LEAD, TICK = 5, 0.001
function Profile.regroup(row, groups)
  -- A row without groups may have the stamp of its name in their place.
  local known, held = Profile.trueGroups(row)
  row.groups, row.groupsIat = groups, max(redisNow / 1000 + CALL_LEAD, (known and held or 0) + TICK)
  local pending = row.pendingProfile
  if not pending then return end
  pending.groups, pending.groupsIat = nil, nil
  if not pending.name then row.pendingProfile = nil end
end

function Profile.revealProfile(row)
  local name, nameIat = Profile.trueName(row)
  local groups, groupsIat = Profile.trueGroups(row)
  row.name, row.nameIat, row.groups, row.groupsIat, row.pendingProfile = name, nameIat, groups, groupsIat, nil
end
