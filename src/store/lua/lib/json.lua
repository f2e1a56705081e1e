-- Views and claims as JSON. Each text is built once, because Lua hashes every byte of a text it makes.

-- Ids have no control characters, so nothing more has to be escaped.
function Json.escaped(text)
  if find(text, '"', 1, true) or find(text, '\\', 1, true) then return string.sub(cjson.encode(text), 2, -2) end
  return text
end

-- A note as others are shown it, with the end as they read it.
function Json.note(note)
  local out = {}
  if note.text then out[#out + 1] = '"text":' .. cjson.encode(note.text) end
  if note.emoji then out[#out + 1] = '"emoji":' .. cjson.encode(note.emoji) end
  if note['until'] then out[#out + 1] = '"until":"' .. iso(note['until']) .. '"' end
  return '{' .. table.concat(out, ',') .. '}'
end

-- A view as JSON: `head` up to the text before `since`, and `tail` after its last field. Built once, see `record`.
function Json.view(head, row, tail)
  local since, seen, shown = Show.shownSince(row), Show.shownLastSeen(row), row.shown
  return head .. (since > 0 and '","since":"' .. iso(since) or '') .. (seen and '","lastSeen":"' .. iso(seen) or '') .. '","ver":' .. clockText(row.ver)
    .. (row.name and ',"name":' .. cjson.encode(row.name) or '') .. (row.groups and ',"groups":' .. row.groups or '')
    .. (shown.text and ',"text":' .. cjson.encode(shown.text) or '')
    .. (shown.emoji and ',"emoji":' .. cjson.encode(shown.emoji) or '')
    .. (shown['until'] and ',"until":"' .. iso(shown['until']) .. '"' or '')
    .. (row.shownNote ~= EMPTY and ',"note":' .. Json.note(row.shownNote) or '') .. tail
end

-- A revocation as text: whole seconds as every release writes them, fractions to the millisecond.
function Json.revocation(at)
  return at % 1 == 0 and digits(at) or format('%.3f', at)
end

function Json.claim(claim)
  local status = claim.status and claim.status ~= cjson.null and '"' .. claim.status .. '"' or 'null'
  return '{"status":' .. status .. ',"stamp":' .. digits(claim.stamp)
    .. (claim.priority and ',"priority":' .. digits(claim.priority) or '')
    .. (claim.text and ',"text":' .. cjson.encode(claim.text) or '')
    .. (claim.emoji and ',"emoji":' .. cjson.encode(claim.emoji) or '')
    .. (claim['until'] and ',"until":' .. digits(claim['until']) or '')
    .. (claim.at and ',"at":' .. digits(claim.at) or '')
    .. (claim.from and ',"from":' .. digits(claim.from) or '')
    .. (claim.leaseUntil and ',"leaseUntil":' .. digits(claim.leaseUntil) or '')
    .. (claim.renewed and ',"renewed":' .. digits(claim.renewed) or '') .. '}'
end

-- A note with its stamp, as nodes keep it.
function Json.said(note)
  return '{"stamp":' .. digits(note.stamp)
    .. (note.text and ',"text":' .. cjson.encode(note.text) or '')
    .. (note.emoji and ',"emoji":' .. cjson.encode(note.emoji) or '')
    .. (note['until'] and ',"until":' .. digits(note['until']) or '') .. '}'
end

function Json.shown(shown)
  local out = {}
  if shown.text then out[#out + 1] = '"text":' .. cjson.encode(shown.text) end
  if shown.emoji then out[#out + 1] = '"emoji":' .. cjson.encode(shown.emoji) end
  if shown['until'] then out[#out + 1] = '"until":' .. digits(shown['until']) end
  return #out > 0 and '{' .. table.concat(out, ',') .. '}' or nil
end
