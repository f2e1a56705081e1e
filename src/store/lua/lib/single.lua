-- A call about one user by a caller without a socket.
-- KEYS: 1 meta  2 log  3 events  4 due  then online, away, busy of the tenant, then user
-- `change(row, at, arg, entry)` changes the inputs; `arg` is where the user's own arguments begin. It may return a word to answer
-- with nothing changed, or nil and what records what nodes have to know, and what changes lists beside the row.

function Single.run(keys, args, width, change, firstKey)
  open(keys, args, 0)
  if not gen or young > now then return { 'young' } end

  local entry = Entries.openAll(firstKey or 5, 2, width)[1]
  local row = Entries.load(entry)
  local at = Evaluate.before(row)
  local word, after, beside = change(row, at, entry.arg + 2, entry)
  if word then return { word, Reply.user(row, true) } end
  Settle.settle(entry, at)
  if after then after(entry) end

  Commit.writeLog(KEYS[2])
  if beside then beside(entry) end
  Entries.saveIndexes({ entry }, KEYS[4])
  Entries.saveRows({ entry }, KEYS[4])
  Commit.publish(KEYS[3])
  return { 'ok', Reply.user(row, true) }
end
