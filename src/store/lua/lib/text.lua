-- Numbers and times as text. Formatting is expensive and a call repeats itself, so texts are kept from call to call.
-- 0 to 999: PADDED to three digits, PLAIN without leading zeros; each text is made when it is first needed.
local PADDED, PLAIN
local digits, clockText, streamId, iso
local prepareTexts
do
  -- Seconds as two digits and a point.
  local SECOND
  local minuteTexts, minutesKnown = {}, 0
  local isoMs, isoText
  local clockUs, clock, clockMs, msText

  local function made(pattern)
    return setmetatable({}, { __index = function(known, number)
      local text = format(pattern, number)
      known[number] = text
      return text
    end })
  end

  function prepareTexts()
    PADDED, PLAIN, SECOND = made('%03d'), made('%d'), made('%02d.')
  end

  -- Scripts write versions and times as digits: tostring and cjson keep 14 of 16.
  function digits(number)
    return format('%d', number)
  end

  -- A moment of the hybrid clock. A call writes many of one millisecond, and each of them twice or more.
  function clockText(us)
    if us == clockUs then return clock end
    if us == 0 then return '0' end
    local ms = floor(us / 1000)
    if ms ~= clockMs then clockMs, msText = ms, digits(ms) end
    clockUs, clock = us, msText .. PADDED[us - ms * 1000]
    return clock
  end

  -- The same moment as the id of an entry in a stream, which has no leading zeros.
  function streamId(us)
    clockText(us)
    return msText .. '-' .. PLAIN[us % 1000]
  end

  -- The civil calendar is that of Hinnant, "chrono-compatible low-level date algorithms".
  local function minuteText(minute)
    local z = floor(minute / 1440) + 719468
    local era = floor(z / 146097)
    local doe = z - era * 146097
    local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
    local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
    local mp = floor((5 * doy + 2) / 153)
    local month = mp < 10 and mp + 3 or mp - 9
    return format('%04d-%02d-%02dT%02d:%02d:', yoe + era * 400 + (month <= 2 and 1 or 0), month,
      doy - floor((153 * mp + 2) / 5) + 1, floor(minute / 60) % 24, minute % 60)
  end

  -- RFC 3339 in UTC with milliseconds. Most moments are in few minutes, whose texts are kept.
  function iso(ms)
    if ms == isoMs then return isoText end
    local minute = floor(ms / 60000)
    local text = minuteTexts[minute]
    if not text then
      if minutesKnown % 1000 == 0 then minuteTexts = {} end
      text, minutesKnown = minuteText(minute), minutesKnown + 1
      minuteTexts[minute] = text
    end
    local rest = ms - minute * 60000
    local second = floor(rest / 1000)
    isoMs, isoText = ms, text .. SECOND[second] .. PADDED[rest - second * 1000] .. 'Z'
    return isoText
  end
end
