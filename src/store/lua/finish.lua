-- Ends everything alive of a user, or what is of one kind of device, or forgets them altogether, and notifies every node.
-- KEYS: as in single.lua, but 5 revoked before the tenant's
-- ARGV: 1 policy  2… the user as in entries.lua, with: 'logout', 'disconnect', 'revoke' or 'forget', and what the keys of
-- the lists of nodes begin with, and the bit of the kind of device that 'disconnect' means, or 0 for everything
-- Reply: {'young'} or {'ok', the user as in reply.lua}
local DELIBERATE = { logout = 'goodbye', disconnect = 'revoked', revoke = 'revoked', forget = 'revoked' }

local function finish(keys, args)
  return Single.run(keys, args, 5, function(row, at, arg)
    local how, bit, ended, heldBy = ARGV[arg], ARGV[arg + 2] + 0, nowMicros + shift * 1000, row.nodes
    at.deliberate = DELIBERATE[how]
    if how == 'forget' then
      -- Watchers that are sent `gone` for the user get no transition that says the user is gone.
      at.repair = true
      Ending.forget(row)
    elseif bit > 0 then
      heldBy = Ending.endDevice(row, bit)
    else
      Ending.endAll(row, how)
    end
    return nil, function(entry)
      Commit.command(entry, bit > 0 and 'disconnect_device' or how, '"at":' .. clockText(ended), bit)
    end, function(entry)
      -- Which nodes held the user is known only here; all keys of a partition share a slot.
      for _, holding in ipairs(heldBy) do
        local list = ARGV[arg + 1] .. holding.node
        call('HDEL', list, entry.member)
      end
      if how == 'revoke' then
        call('ZREMRANGEBYSCORE', KEYS[5], '-inf', digits(floor((redisNow - REVOCATION) / 1000)))
        call('ZADD', KEYS[5], Json.revocation(row.revoked), entry.member)
      end
    end
  end, 6)
end
define('finish', finish)
