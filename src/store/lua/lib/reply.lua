-- How a user is told to the caller: `<status><ver>[,since] lastSeen devices invisible`, and when there is more,
-- {that, name, shown, own claim}. Needs: commit.lua.
local function selfReply(row)
  local own = row.own
  local line = viewText(row) .. ' ' .. (row.ver > 0 and row.status ~= 'online' and digits(shownLastSeen(row) or 0) or '0')
    .. ' ' .. (row.status == 'offline' and 0 or devicesOf(row)) .. (own and own.status == 'invisible' and ' 1' or ' 0')
  if not own and row.shown == EMPTY and not row.name then return line end
  return { line, row.ver > 0 and row.name or '', shownJson(row.shown) or '', own and claimJson(own) or '' }
end
