-- Everybody is put out of a place, in one partition: the first call, without users, records it, the next ones end who is in it.
-- KEYS: 1 meta  2 log  3 events  4 due, then as in entries.lua
-- ARGV: 1 policy  2 tenant  3 place  4… the users as in entries.lua
-- Reply: {'young'} or {'ok', how many of the users are still in it: they entered again}
local function clearplace(keys, args)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end
  local tenant, place, ended, stayed = ARGV[2], ARGV[3], {}, 0
  local entries = Entries.openAll(5, 4, 2)
  local word = PlaceBook.putOut(tenant, place)
  if not entries[1] then
    PlaceBook.setPutOut(tenant, place, { at = now, revoked = floor(redisNow / 1000) })
    Commit.putOut(tenant, place, nil, nowMicros + shift * 1000)
  end
  for _, entry in ipairs(entries) do
    local row = Entries.load(entry)
    local at, stay = Evaluate.before(row), Parts.find(row.places, 'place', place)
    at.deliberate = 'revoked'
    if stay and word then
      PutOut.endPutOut(stay, word)
      Settle.settle(entry, at)
      ended[#ended + 1] = entry
    end
    if stay and stay.since > 0 then stayed = stayed + 1 else PlaceBook.list(entry, place, 0) end
  end

  Commit.writeLog(KEYS[2])
  Entries.saveIndexes(ended, KEYS[4])
  Entries.saveRows(ended, KEYS[4])
  Commit.publish(KEYS[3])
  return { 'ok', stayed }
end
define('clearplace', clearplace)
