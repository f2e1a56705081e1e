-- Whether somebody is listed who does not beat, shortly after a hold. A rollback brings back the parts of nodes that
-- were cleared long ago, and forgets the fence: until they are cleared again nobody may be found present by them.
-- Who is listed only Redis knows: their heartbeat keys are made from what such keys begin with, in the same slot.

function Nodes.hasUnreaped(nodesKey, beatPrefix)
  if storedHold + TTL <= now then return false end
  for _, node in ipairs(call('SMEMBERS', nodesKey)) do
    local beatKey = beatPrefix .. node
    if call('EXISTS', beatKey) == 0 then return true end
  end
  return false
end
