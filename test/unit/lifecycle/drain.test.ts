import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type DrainOptions,
  drain,
  FLUSH_MS,
  LEAVE_MS,
  RETIRE_MS,
  STOP_MS,
} from '../../../src/lifecycle/drain.ts';

describe('a drain', () => {
  let said: string[];
  let options: DrainOptions;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    said = [];
    options = {
      delayMs: 0,
      windowMs: 5000,
      unready: () => said.push('unready'),
      sessions: {
        drain: async (windowMs) => {
          said.push(`sessions ${windowMs}`);
        },
      },
      flushed: async () => {
        said.push('flushed');
        return true;
      },
      leave: async () => {
        said.push('left');
      },
      log: { info: () => undefined, warn: (_, message) => said.push(message) },
    };
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('takes the node out of the balancer, sends everybody away over the window, and writes what is left', async () => {
    await drain(options);
    expect(said).toEqual(['unready', 'sessions 5000', 'flushed', 'left']);
  });

  it('does not wait for a store that does not answer, and stops all the same when it fails', async () => {
    vi.useRealTimers();
    await drain({ ...options, leave: () => new Promise(() => undefined) });
    await drain({
      ...options,
      leave: async () => {
        throw new Error('away');
      },
    });
    expect(said.at(-1)).toMatch(/by itself/);
  });

  it('fits with what follows into the time that leaving may take', () => {
    // Promised are 5 s beyond delay and window.
    expect(LEAVE_MS).toBeLessThan(5000);
    expect(FLUSH_MS + RETIRE_MS + STOP_MS).toBeLessThan(LEAVE_MS);
  });

  it('begins to write only when everybody has gone', async () => {
    let gone = (): void => undefined;
    const sessions = { drain: () => new Promise<void>((resolve) => (gone = resolve)) };
    const draining = drain({ ...options, sessions });
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toEqual(['unready']);
    gone();
    await draining;
    expect(said).toEqual(['unready', 'flushed', 'left']);
  });

  it('gives the balancer time to notice when told to', async () => {
    vi.useRealTimers();
    const from = performance.now();
    await drain({ ...options, delayMs: 60 });
    expect(performance.now() - from).toBeGreaterThanOrEqual(55);
    expect(said).toEqual(['unready', 'sessions 5000', 'flushed', 'left']);
  });

  it('keeps the order when every step takes its time: the balancer hears of it first, then the delay runs', async () => {
    vi.useRealTimers();
    const begun = performance.now();
    const saidAt = new Map<string, number>();
    const step = async (name: string): Promise<void> => {
      said.push(`${name} begins`);
      saidAt.set(name, performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, 15));
      said.push(`${name} ends`);
    };
    await drain({
      ...options,
      delayMs: 80,
      unready: () => {
        said.push('unready');
        saidAt.set('unready', performance.now() - begun);
      },
      sessions: { drain: () => step('sessions') },
      flushed: async () => {
        await step('flush');
        return true;
      },
      leave: () => step('leave'),
    });
    const steps = ['sessions', 'flush', 'leave'].flatMap((name) => [`${name} begins`, `${name} ends`]);
    expect(said).toEqual(['unready', ...steps]);
    expect(Number(saidAt.get('sessions')) - Number(saidAt.get('unready'))).toBeGreaterThanOrEqual(75);
  });

  it('says so when the store did not take everything in time', async () => {
    const within: number[] = [];
    await drain({
      ...options,
      flushed: async (ms) => {
        within.push(ms);
        return false;
      },
    });
    expect(within[0]).toBeGreaterThan(0);
    expect(said.at(-2)).toMatch(/reap/);
  });
});
