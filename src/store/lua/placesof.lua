-- Where others see a user, or where a session of theirs is.
-- KEYS: 1 meta  2 user   ARGV: 1 policy  2 session, or ''
-- Reply: {'young'} or {'ok', place, …}
local function placesof(keys, args)
  open(keys, args, 0)
  if isYoung() then return { 'young' } end
  local row = RowCodec.decode(call('GET', KEYS[2]))
  local places = ARGV[2] == '' and PlaceSession.placesOf(row) or PlaceSession.sessionPlaces(row, ARGV[2])
  table.insert(places, 1, 'ok')
  return places
end
define('placesof', placesof, { 'no-writes' })
