-- A backend's word on the groups of a user, as of now; also while the user is offline.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the groups as JSON text
-- Reply: {'young'} or {'ok', the user as in reply.lua}
local function regroup(keys, args)
  return Single.run(keys, args, 3, function(row, _, arg, entry)
    local known, wasHeardOf = Profile.trueGroups(row), Profile.isHeardOf(row)
    Profile.regroup(row, ARGV[arg])
    if wasHeardOf or row.nodes[1] then Settle.tellGroups(entry, known) end
  end)
end
define('regroup', regroup)
