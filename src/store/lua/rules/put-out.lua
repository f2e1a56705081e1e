-- Everybody, or one user, was put out of a place: the mirror of domain/put-out.ts. A word is {at, revoked}.

local function endParts(stay, parts, word)
  for i = #parts, 1, -1 do
    if parts[i].enteredAt <= word.at or Ending.refusesToken(word.revoked, parts[i].issued or 0) then
      table.remove(parts, i)
      stay.why = 'revoked'
    end
  end
end

function PutOut.endPutOut(stay, word)
  endParts(stay, stay.nodes, word)
  endParts(stay, stay.sessions, word)
  if stay.grace and stay.grace.startedAt <= word.at then stay.grace, stay.why = nil, 'revoked' end
end

local MAX_PUT_OUT = 64
function PutOut.putUserOut(row, place, word)
  if row.putOut == EMPTY then row.putOut = {} end
  local _, position = Parts.find(row.putOut, 'place', place)
  if position then table.remove(row.putOut, position) end
  word.place = place
  row.putOut[#row.putOut + 1] = word
  if #row.putOut > MAX_PUT_OUT then table.remove(row.putOut, 1) end
end

function PutOut.putOutUntil(word)
  return word.revoked * 1000 + REVOCATION
end

function PutOut.putsOutUntil(row)
  local till = 0
  for _, word in ipairs(row.putOut) do till = max(till, PutOut.putOutUntil(word)) end
  return till
end
