-- What tokens say of a user: the mirror of domain/profile.ts. Groups are a list as JSON text. Needs: row.lua.
local function takeProfile(row, profile)
  if profile.iat < row.iat then return end
  row.iat = profile.iat
  if row.frozen or (row.own and row.own.status == 'invisible') then
    local pending = row.pending or EMPTY
    row.pending = { name = profile.name or pending.name, groups = profile.groups or pending.groups }
    return
  end
  row.name = profile.name or row.name
  row.groups = profile.groups or row.groups
end

local function revealProfile(row)
  row.name = row.pending.name or row.name
  row.groups = row.pending.groups or row.groups
  row.pending = nil
end
