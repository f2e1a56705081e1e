-- Lists whose elements have ids, where the domain has maps: both keep the order in which elements came, which decides what is
-- recorded first, and which of two equal stamps counts.

function Parts.find(list, field, id)
  for i = 1, #list do
    if list[i][field] == id then return list[i], i end
  end
end

-- Stays as stored: without lists that are empty.
function Parts.fold(places)
  for _, stay in ipairs(places) do
    if not stay.nodes[1] then stay.nodes = nil end
    if not stay.sessions[1] then stay.sessions = nil end
  end
  return places
end

function Parts.unfold(places)
  for _, stay in ipairs(places) do
    stay.nodes, stay.sessions = stay.nodes or {}, stay.sessions or {}
  end
  return places
end
