-- How sessions enter and leave places: the mirror of domain/place-session.ts.

-- Returns 'entered' or why not. Data is stamped as the next moment of `order`. `everybody`: when everybody was put out.
function PlaceSession.enterBySession(row, session, place, data, issued, everybody)
  if not row.sessions[session] then return 'not_found' end
  local own = Parts.find(row.putOut, 'place', place)
  if own and Ending.refusesToken(own.revoked, issued) or everybody and Ending.refusesToken(everybody.revoked, issued) then return 'put_out' end
  local stay = Parts.find(row.places, 'place', place)
  local prior = stay and Parts.find(stay.sessions, 'session', session)
  if not Stay.hasRoom(row, place, prior, data) then return 'too_many_places' end
  stay = Stay.openStay(row, place)
  -- The same data said again keep their stamp: another connection may have said newer ones.
  local stamp = prior and prior.data == data and prior.stamp or order + 1
  Stay.putPart(stay, stay.sessions, 'session', { session = session, enteredAt = now, data = data, stamp = data and stamp,
    issued = issued > 0 and issued or nil })
  return 'entered'
end

function PlaceSession.leaveBySession(row, session, place)
  local stay = Parts.find(row.places, 'place', place)
  if stay and Stay.dropPart(stay, stay.sessions, 'session', session, 'leave') then Stay.endPlaceGrace(stay, now) end
end

function PlaceSession.sessionPlaces(row, session)
  local places = {}
  for _, stay in ipairs(row.places) do
    if Parts.find(stay.sessions, 'session', session) then places[#places + 1] = stay.place end
  end
  return places
end

function PlaceSession.placesOf(row)
  local places = {}
  for _, stay in ipairs(row.places) do
    if stay.since > 0 then places[#places + 1] = stay.place end
  end
  return places
end
