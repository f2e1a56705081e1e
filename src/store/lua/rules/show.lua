-- What of a row others may see: the mirror of domain/show.ts.

function Show.shownLastSeen(row)
  if row.status == 'online' or PRECISION == 'off' then return nil end
  local last = row.hiddenLastSeen or Row.knownActive(row)
  if last == 0 then return nil end
  last = last - shift
  return PRECISION == 'hour' and last - last % 3600000 or last
end

-- When the status began, as others may see it; 0 where they may not. The mirror of domain/show.ts.
function Show.shownSince(row)
  local status, since = row.status, row.since
  if PRECISION == 'exact' or status == 'online' or status == 'busy' then return since end
  return PRECISION == 'hour' and since - since % 3600000 or 0
end
