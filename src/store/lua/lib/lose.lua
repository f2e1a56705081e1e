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
