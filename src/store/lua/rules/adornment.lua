-- Texts, emoji and ends beside a status: the mirror of domain/adornment.ts.

function Adornment.sameAdornment(one, other)
  return one == other or (one.text == other.text and one.emoji == other.emoji and one['until'] == other['until'])
end

-- An end alone says nothing.
function Adornment.saysSomething(adornment)
  return adornment.text ~= nil or adornment.emoji ~= nil
end
