-- Sets or clears a person's note, for the person or for a service; the nodes that hold the user are notified.
-- KEYS as in single.lua   ARGV: 1 policy  2… the user as in entries.lua, with the note as JSON without a stamp ('{}' clears it)
-- Reply: {'young'} or {'ok', the user as in reply.lua}
local function note(keys, args)
  return Single.run(keys, args, 3, function(row, _, arg)
    local said, held = cjson.decode(ARGV[arg]), Note.trueNote(row)
    if not held and not Adornment.saysSomething(said) then return 'ok' end
    said.stamp = max(order, (held and held.stamp or 0) + 1)
    order = said.stamp
    Note.setNote(row, said)
    return nil, function(entry)
      if row.nodes[1] then Settle.tellNote(entry) end
    end
  end)
end
define('note', note)
