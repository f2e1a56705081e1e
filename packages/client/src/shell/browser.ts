import type { Platform, PlatformEvent } from '../types.ts';

/** Input is told at most this often, ms: pointers move a hundred times a second. */
const INPUT_MS = 1_000;

const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * What happens to the page. No `unload` and no `beforeunload`: pages that listen to them are kept out of the
 * back/forward cache, and neither can tell a reload from leaving.
 */
const listen = (heard: (event: PlatformEvent) => void): (() => void) => {
  const { window: page, document } = globalThis;
  // React Native and Node have none, or one without events.
  if (typeof page?.addEventListener !== 'function' || !document) return () => {};
  const ending = new AbortController();
  const on = (target: EventTarget, name: string, run: () => void): void =>
    target.addEventListener(name, run, { passive: true, capture: true, signal: ending.signal });
  let told = Number.NEGATIVE_INFINITY;
  for (const name of INPUTS) {
    on(page, name, () => {
      if (performance.now() - told < INPUT_MS) return;
      told = performance.now();
      heard('input');
    });
  }
  for (const name of ['online', 'offline', 'pagehide', 'pageshow'] as const)
    on(page, name, () => heard(name));
  on(document, 'resume', () => heard('resume'));
  on(document, 'visibilitychange', () => {
    if (document.visibilityState === 'visible') heard('visible');
  });
  return () => ending.abort();
};

/** Pages, workers, Node. */
export const browser: Platform = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as number),
  listen,
};
