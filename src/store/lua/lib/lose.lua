-- Clears what a dead node held: the mirror of `loseNode` in domain/absorb.ts. Needs: evaluate.lua.
local function loseNode(row, node, lastBeat, diedBy)
  local prior = row.parts[node]
  if not prior then return false end
  if prior.stance == OWN then row.seen = max(row.seen, prior.idle and prior.act or max(prior.act, lastBeat)) end
  row.parts[node] = nil
  local leave, idle = row.leave, prior.idle or prior.stance == TOOK_IDLE
  if diedBy > max(newestOpening(row), leave and leave.at or 0) then
    row.leave = {
      at = diedBy,
      grace = max(GRACE, leave and leave.at + leave.grace - diedBy or 0),
      idle = idle and (not leave or leave.idle),
      lost = true,
      devices = deviceBits(prior.devices, leave and leave.devices or 0),
    }
  end
  return true
end
