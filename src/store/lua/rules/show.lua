-- What of a row others may see: the mirror of domain/show.ts.

-- A time of activity as precisely as it may be shown.
function Show.shownActivity(at)
  if PRECISION == 'off' then return nil end
  return PRECISION == 'hour' and at - at % 3600000 or at
end

function Show.shownLastSeen(row)
  if row.status == 'online' or PRECISION == 'off' then return nil end
  local last = row.hiddenLastSeen or Row.knownActive(row)
  return last ~= 0 and Show.shownActivity(last - shift) or nil
end

-- When the status began, as others may see it; 0 where they may not. The mirror of domain/show.ts.
function Show.shownSince(row)
  local status, since = row.status, row.since
  if status == 'online' or status == 'busy' then return since end
  return Show.shownActivity(since) or 0
end
