import { describe, expect, it } from 'vitest';
import { Arena } from './support/arena.ts';

/**
 * `ws` keeps a buffer object for each fragment until the message ends: a message within `MAX_FRAME_BYTES` that comes a byte
 * at a time cost a hundred times its size, and a few hundred sockets without a token ended a node.
 */
describe('messages in pieces of a byte', () => {
  const arena = new Arena();
  const SOCKETS = 200;
  const PIECES = { sockets: SOCKETS, fragments: 16_000 };

  it.each(['nobody', 'somebody'])('of %s are closed 1009 before they cost much', async (who) => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => arena.cluster.token({ sub: `piecemeal-${n}` })),
    );
    const { tally, grewMb } = await arena.measured('fragments', {
      ...PIECES,
      ...(who === 'somebody' && { tokens }),
    });
    expect(tally).toMatchObject({ opened: SOCKETS, 'close 1009': SOCKETS });
    expect(grewMb).toBeLessThan(150);
  });
});

/** Each socket keeps to the bound of its own, and there are very many. */
describe('messages that never end', () => {
  const SOCKETS = 300;
  const BYTES = 1_000_000;
  // Larger than anybody sets it, so that few sockets do what else takes thousands.
  const arena = new Arena({ env: { MAX_FRAME_BYTES: '1048576' } });

  it('are held within a bound for all sockets: those that began first are closed 1009', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => arena.cluster.token({ sub: `endless-${n}` })),
    );
    const { tally, grewMb } = await arena.measured(
      'fragments',
      { sockets: SOCKETS, tokens, bytes: BYTES },
      (seen) => (seen.sent ?? 0) === SOCKETS,
    );
    expect(tally['close 1009'] ?? 0).toBeGreaterThan(SOCKETS / 2);
    expect(tally['close 1009']).toBeLessThan(SOCKETS);
    expect(grewMb).toBeLessThan(200);
  });
});
