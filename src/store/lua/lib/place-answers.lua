-- What a node has to learn of the places that it reported: where others are shown something else than it knows, or where it
-- was refused.

local function answer(stay, name, verdict)
  local out, text = '{"place":' .. cjson.encode(name), stay and stay.data
  if stay and stay.since > 0 then
    out = out .. ',"since":' .. digits(Show.shownActivity(stay.since) or 0) .. ',"ver":' .. digits(stay.ver)
      .. (text and ',"data":' .. cjson.encode(text) or '')
  else
    out = out .. ',"since":0,"ver":0'
  end
  return out .. (verdict and ',"refused":"' .. verdict .. '"' or '') .. '}'
end

-- Of the entry at a position, as a list in JSON and a comma: '' when there is nothing to learn. `refused`: places for which there was no room.
function PlaceAnswers.of(row, node, said, refused, position)
  local out = {}
  local holds, endedAt = RowCodec.holdingOf(row, node), row.ended and floor(row.ended.at / 1000) or 0
  for _, one in ipairs(said) do
    local stay = Parts.find(row.places, 'place', one.place)
    local isShown = stay and stay.since > 0
    local isIn = one.enteredAt > 0 and holds and one.enteredAt > endedAt
    local verdict = refused[one.place] and 'too_many' or isIn and not (stay and Parts.find(stay.nodes, 'node', node)) and 'put_out'
    if verdict or (isShown and stay.ver or 0) ~= (one.known and one.known.ver or 0) then
      out[#out + 1] = answer(stay, one.place, verdict)
    end
  end
  return #out > 0 and '[' .. digits(position) .. ',' .. table.concat(out, ',') .. '],' or ''
end
