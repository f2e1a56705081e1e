-- Whether a node is listed that does not beat, shortly after a hold. A rollback brings back the holdings of nodes that were
-- cleared long ago, and forgets the fence: until they are cleared again, no user may be found present by them. Only Redis
-- knows which nodes are listed, so their heartbeat keys are built from their common prefix, in the same slot.

function Nodes.hasUnreaped(nodesKey, beatPrefix)
  if storedHold + TTL <= now then return false end
  for _, node in ipairs(call('SMEMBERS', nodesKey)) do
    local beatKey = beatPrefix .. node
    if call('EXISTS', beatKey) == 0 then return true end
  end
  return false
end
