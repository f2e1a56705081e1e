-- What a person says of themselves beside their status: the mirror of domain/note.ts. `row.shownNote` is what others were last
-- shown, `row.note` what they may know, `row.pendingNote` what waits until they see its person.

-- The person's own truth. Of a restored row only what others were shown is known.
function Note.trueNote(row)
  local held = row.pendingNote or row.note
  if held or row.shownNote == EMPTY then return held end
  local shown = row.shownNote
  return { text = shown.text, emoji = shown.emoji, ['until'] = shown['until'], stamp = 0 }
end

function Note.noteToShow(row, isSeen)
  local note = isSeen and row.pendingNote or row.note or row.shownNote
  return note ~= EMPTY and Adornment.saysSomething(note) and note or EMPTY
end

function Note.setNote(row, note)
  row.note = note
  if row.pendingNote then row.pendingNote = nil end
end

-- Others are shown nothing again of a hidden user before they are seen. Returns whether it was newer than what is stored.
function Note.mergeNote(row, note)
  local held = Note.trueNote(row)
  if note.stamp <= max(held and held.stamp or 0, row.forgotten or 0) then return false end
  order = max(order, note.stamp)
  if Profile.isHidden(row) then row.pendingNote = note else Note.setNote(row, note) end
  return true
end

-- Returns whether others are shown less for it.
function Note.endNote(row)
  local waiting = row.pendingNote
  if waiting and waiting['until'] and waiting['until'] <= redisNow then row.pendingNote = { stamp = waiting.stamp } end
  local ending = (row.note or row.shownNote)['until']
  if not ending or ending > redisNow then return false end
  row.note = { stamp = row.note and row.note.stamp or 0 }
  return true
end

-- What others are shown ends with the retention; the person's own truth waits for them.
function Note.withholdNote(row)
  local known = Note.trueNote(row)
  if known then row.pendingNote, row.note, row.shownNote = known, nil, EMPTY end
end
