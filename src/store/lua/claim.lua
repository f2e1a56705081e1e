-- Sets or clears a claim for a caller without a socket: the person's own, of which the nodes that hold the user are notified,
-- or that of a service.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the source and the claim as JSON without a
-- stamp (of a service: without a status it clears; `leaseMs` is how long it lasts unless it is renewed)
-- Reply: {'young'|'too_many_claims'|'outdated'} or {'ok', the user as in reply.lua}
local function setOwn(row, claim)
  claim.stamp = max(order, (row.ownClaim and row.ownClaim.stamp or 0) + 1)
  -- A node where the user only watches has to know as well: while the user hides, it must not report what others would see.
  local hides = claim.status == 'invisible' or Row.isInvisible(row)
  Absorb.mergeOwnClaim(row, claim)
  return function(entry)
    if row.nodes[1] or hides then Commit.command(entry, 'claim', '"claim":' .. Json.claim(row.ownClaim)) end
  end
end

local VERDICTS = { repeated = 'ok', outdated = 'outdated', too_many = 'too_many_claims' }

local function claim(keys, args)
  return Single.run(keys, args, 4, function(row, at, arg)
    local source, json = ARGV[arg], ARGV[arg + 1]
    at.deliberate = 'claim'
    if source == 'user' then return nil, setOwn(row, cjson.decode(json)) end
    local word = cjson.decode(json)
    if not word.status and not word.at and not row.claims[source] then return 'ok' end
    word.stamp = order + 1
    if word.leaseMs then word.leaseUntil, word.leaseMs = redisNow + word.leaseMs, nil end
    local verdict = Claims.setClaim(row, source, word)
    if verdict ~= 'set' then return VERDICTS[verdict] end
    order = order + 1
  end)
end
define('claim', claim)
