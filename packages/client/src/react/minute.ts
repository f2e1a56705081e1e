const MINUTE_MS = 60_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let minute = 0;

const tick = (): void => {
  minute += 1;
  for (const listener of listeners) listener();
};

const isHidden = (): boolean => typeof document === 'object' && document.visibilityState === 'hidden';

/** Runs while something shows a time and the page is seen. */
const update = (): void => {
  const wanted = listeners.size > 0 && !isHidden();
  if (wanted && timer === undefined) {
    // Minutes may have passed while it stood.
    if (minute > 0) tick();
    timer = setInterval(tick, MINUTE_MS);
  } else if (!wanted) {
    clearInterval(timer);
    timer = undefined;
  }
};

/** Calls once a minute, by one timer for all. @returns a function that unsubscribes. */
export const subscribeMinute = (listener: () => void): (() => void) => {
  listeners.add(listener);
  if (listeners.size === 1 && typeof document === 'object')
    document.addEventListener('visibilitychange', update);
  update();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && typeof document === 'object')
      document.removeEventListener('visibilitychange', update);
    update();
  };
};

/** Changes with every minute that is shown. */
export const currentMinute = (): number => minute;
