const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span as people say it: `just now` is left to the caller. */
export const span = (ms) => {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
};

/** What is left of a clock, to a tenth of a second. */
export const countdown = (ms) => `${(Math.max(0, ms) / SECOND).toFixed(1)} s`;

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat([], {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** The end of a status: near ones to the second as a span, far ones as a time of day. */
export const until = (at, now) => {
  const left = at - now;
  if (left <= 0) return 'ending';
  return left < HOUR ? `${span(left + SECOND - 1)} left` : `until ${clock.format(at)}`;
};

export const stampOf = (ms) => `${seconds.format(ms)}.${String(Math.floor(ms % SECOND)).padStart(3, '0')}`;
