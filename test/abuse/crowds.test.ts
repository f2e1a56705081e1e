import { describe, expect, it } from 'vitest';
import { Arena } from './support/arena.ts';

const PEOPLE = 20;
const SOCKETS = 20;
/** As costly to read as a frame may be, and refused behind it: what it costs is the reading. */
const LARGE = JSON.stringify({
  type: 'unwatch',
  users: Array.from({ length: 600 }, (_, n) => `somebody-long-${n}`),
});

describe('frames of many sockets of many people', () => {
  const arena = new Arena({ env: { UPGRADE_RATE: '0', PARTITIONS: '16' }, forMs: 2000 });

  /** 400 sockets, each within `FRAME_RATE`: several times what a node can read. */
  it('wait for their turns, and a client that asks for little does not wait for them', async () => {
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, (_, n) => arena.cluster.token({ sub: `person-${n}`, groups: ['team'] })),
    );
    const { tally } = await arena.measured('frames', {
      tokens: Array.from({ length: SOCKETS }, () => people).flat(),
      frames: [LARGE, JSON.stringify({ type: 'typing', to: { group: 'team' }, on: true })],
      perSecond: 15,
    });
    expect(tally.opened).toBe(PEOPLE * SOCKETS);
    expect(tally.ack).toBeGreaterThan(0);
  });
});
