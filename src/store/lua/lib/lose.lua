-- Whether somebody is listed who does not beat, shortly after a hold. A rollback brings back the parts of nodes that
-- were cleared long ago, and forgets the fence: until they are cleared again nobody may be found present by them.
-- Who is listed only Redis knows: their heartbeat keys are made from what such keys begin with, in the same slot.
local function hasUnreaped(nodesKey, beatPrefix)
  if storedHold + TTL <= now then return false end
  for _, node in ipairs(call('SMEMBERS', nodesKey)) do
    local beatKey = beatPrefix .. node
    if call('EXISTS', beatKey) == 0 then return true end
  end
  return false
end

-- Clears what a dead node held: the mirror of `loseNode` in domain/absorb.ts. Needs: absorb.lua.
local function loseNode(row, node, lastBeat, diedBy)
  local prior, position = partOf(row, node)
  if not prior then return false end
  if prior.stance == OWN then row.seen = max(row.seen, prior.idle and prior.act or max(prior.act, lastBeat)) end
  table.remove(row.parts, position)
  local idle = prior.idle or prior.stance == TOOK_IDLE
  if diedBy > max(newestOpening(row), row.left) then joinLeave(row, diedBy, GRACE, idle, true, prior.devices) end
  forgetLeft(row)
  return true
end
