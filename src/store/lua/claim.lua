-- Sets or clears a claim for a caller without a socket: the person's own, of which the nodes that hold the user are notified,
-- or that of a service.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the source and the claim as JSON without a
-- stamp ('' clears that of a service)
-- Reply: {'young'|'too_many_claims'} or {'ok', the user as in reply.lua}
local function setOwn(row, claim)
  claim.stamp = max(order, (row.ownClaim and row.ownClaim.stamp or 0) + 1)
  -- A node where the user only watches has to know as well: while the user hides, it must not report what others would see.
  local hides = claim.status == 'invisible' or Row.isInvisible(row)
  Absorb.mergeOwnClaim(row, claim)
  return function(entry)
    if row.nodes[1] or hides then Commit.command(entry, 'claim', '"claim":' .. Json.claim(row.ownClaim)) end
  end
end

local function claim(keys, args)
  return Single.run(keys, args, 4, function(row, at, arg)
    local source, json = ARGV[arg], ARGV[arg + 1]
    at.deliberate = 'claim'
    if source == 'user' then return nil, setOwn(row, cjson.decode(json)) end
    if json == '' then
      if not row.claims[source] then return 'ok' end
      Claims.setClaim(row, source, nil)
    else
      local set = cjson.decode(json)
      set.stamp = order + 1
      if not Claims.setClaim(row, source, set) then return 'too_many_claims' end
    end
    order = order + 1
  end)
end
define('claim', claim)
