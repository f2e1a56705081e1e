-- A call about one user by somebody without a socket. Needs: settle.lua, reply.lua.
-- KEYS: 1 meta  2 log  3 events  4 due  then online, away, busy of the tenant, then user
-- `change(row, at, arg, entry)` changes the inputs; `arg` is where the user's own arguments begin. It may return a word to answer
-- with nothing changed, or nil and what records what nodes have to know, and what changes lists beside the row.
local function single(keys, args, width, change, firstKey)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end

  local entry = openEntries(firstKey or 5, 2, width)[1]
  local row = load(entry)
  local at = before(row)
  local word, after, beside = change(row, at, entry.arg + 2, entry)
  if word then return { word, selfReply(row) } end
  settle(entry, at)
  if after then after(entry) end

  writeLog(KEYS[2])
  if beside then beside(entry) end
  saveIndexes({ entry }, KEYS[4])
  saveRows({ entry }, KEYS[4])
  publish(KEYS[3])
  return { 'ok', selfReply(row) }
end
