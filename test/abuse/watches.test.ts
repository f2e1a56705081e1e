import { describe, expect, it } from 'vitest';
import { Arena } from './support/arena.ts';

const PEOPLE = 40;
const SOCKETS = 4;
const SOME = Array.from({ length: 400 }, (_, n) => `somebody-with-a-long-name-${n}`);
const frame = (type: string, what: object): string => JSON.stringify({ type, ...what });

describe('many people who watch whatever they may', () => {
  const arena = new Arena({ env: { UPGRADE_RATE: '0', PARTITIONS: '16' }, forMs: 2000 });
  const tokens = async (groups: (n: number) => string[]): Promise<string[]> => {
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, (_, n) =>
        arena.cluster.token({ sub: `person-${n}`, groups: groups(n) }),
      ),
    );
    return Array.from({ length: SOCKETS }, () => people).flat();
  };

  /** Each within `FRAME_RATE`: 256,000 users a second to read, encode and send. */
  it('by id are shown so many users a second, and then wait or are refused', async () => {
    const { tally } = await arena.measured(
      'frames',
      { tokens: await tokens(() => []), frames: [frame('watch', { users: SOME })], perSecond: 4 },
      (seen) => (seen['error rate_limited'] ?? 0) > 0,
    );
    expect(tally.presence).toBeGreaterThan(0);
  });

  it('by group, and unwatch it, over and over are answered without cost to others', async () => {
    const { tally } = await arena.measured(
      'frames',
      {
        tokens: await tokens(() => ['team']),
        frames: [
          frame('watch', { groups: ['team'], users: SOME.slice(0, 200) }),
          frame('unwatch', { groups: ['team'], users: SOME }),
        ],
        perSecond: 8,
      },
      (seen) => (seen.ack ?? 0) > 100,
    );
    expect(tally.ack).toBeGreaterThan(100);
  });
});
