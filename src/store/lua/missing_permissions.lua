-- Which of some commands the user of this connection may not run here. Nothing is run.
-- KEYS: none   ARGV: a command with its arguments as a JSON list, for each
-- Reply: positions of those that are not allowed, counted from 0
local function missing_permissions(_, args)
  local positions = {}
  for i = 1, #args do
    -- A server that does not know the command, or cannot answer, reports that when the command is needed.
    local told, allowed = pcall(redis.acl_check_cmd, unpack(cjson.decode(args[i])))
    if told and not allowed then positions[#positions + 1] = i - 1 end
  end
  return positions
end
define('missing_permissions', missing_permissions, { 'no-writes' })
