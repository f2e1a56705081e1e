import { describe, expect, it } from 'vitest';
import { Arena } from './support/arena.ts';

/** Seconds that a measured attack takes at least: long enough that what is allowed at once does not hide what follows. */
const SECONDS = 5;

describe('one person with many connections', () => {
  const arena = new Arena({ env: { UPGRADE_RATE: '0' }, forMs: SECONDS * 1000 });
  const tokens = async (sub: string, count: number): Promise<string[]> =>
    Array.from({ length: count }, (token) => token as string).fill(await arena.cluster.token({ sub }));

  /** Each connection keeps to its own limit: together they made a hundred thousand frames a second of a few hundred. */
  it('types no more than a person does', async () => {
    // To each of these it is one word every few; what one receiver is told is bounded besides.
    const listeners = await Promise.all(
      Array.from({ length: 10 }, (_, n) => arena.cluster.connect(`listener-${n}`)),
    );
    const told = (): number => listeners.reduce((sum, one) => sum + one.of('typing').length, 0);
    const begun = performance.now();
    await arena.measured('frames', {
      tokens: await tokens('typist', 40),
      frames: listeners.flatMap((_, n) =>
        [true, false].map((on) => JSON.stringify({ type: 'typing', to: { user: `listener-${n}` }, on })),
      ),
      perSecond: 10,
    });
    // Half of the time is without the attack.
    const attackedFor = (performance.now() - begun) / 1000 - SECONDS;
    expect(told()).toBeLessThan(20 + 5 * (attackedFor + 1));
    expect(told()).toBeGreaterThan(0);
  });

  /** 250 transitions a second of one person, to every watcher and into every log: backends lost their cursors in minutes. */
  it('makes no more transitions than a person does', async () => {
    const watcher = await arena.cluster.connect('watcher');
    await watcher.watch({ users: ['flapper'] });
    await arena.measured('frames', {
      tokens: await tokens('flapper', 20),
      frames: ['busy', 'away', 'online'].map((status) => `{"type":"status","status":"${status}"}`),
      perSecond: 15,
    });
    // A burst of 10 and one every 2 s.
    expect(watcher.history('flapper').length).toBeLessThan(12 + (SECONDS + 4) / 2 + 3);
    expect(watcher.history('flapper').length).toBeGreaterThan(2);
  });
});
