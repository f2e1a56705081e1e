-- The user as sent to the caller: `<status><ver>[,since] lastSeen devices invisible[ kinds in use]`, and when there is more, {that, name,
-- shown, own claim, groups, own groups, their stamp, note, own note}: groups and note as others know them, and as they are. Since is left out
-- when it is the moment of the version.

-- `withUse`: the caller may know which kinds of device are in use.
function Reply.user(row, withUse)
  local own, ver, status, since = row.ownClaim, row.ver, row.status, Show.shownSince(row)
  local line = RowCodec.LETTER[status] .. clockText(ver)
    .. (since == floor(ver / 1000) and ' ' or ',' .. digits(since) .. ' ')
    .. (status ~= 'online' and digits(Show.shownLastSeen(row) or 0) or '0')
    .. ' ' .. (status == 'offline' and '0' or PLAIN[Row.devicesOf(row)])
    .. (own and own.status == 'invisible' and ' 1' or ' 0')
    .. (withUse and status ~= 'offline' and ' ' .. PLAIN[Row.inUse(row)] or '')
  local groups, stamp = Profile.trueGroups(row)
  local note = Note.trueNote(row)
  if not own and row.shown == EMPTY and not row.name and not groups and not note then return line end
  return { line, row.name or '', Json.shown(row.shown) or '', own and Json.claim(own) or '', row.groups or '', groups or '',
    groups and format('%.17g', stamp) or '0', Json.shown(row.shownNote) or '', note and Json.said(note) or '' }
end
