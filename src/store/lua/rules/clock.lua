-- Moments of the hybrid clock as time: the mirror of domain/clock.ts.

-- The moment of a stamp, as far as can be known: `order` may be ahead of the time.
function Clock.stampedAt(stamp)
  return min(floor(stamp / 1000), now)
end
