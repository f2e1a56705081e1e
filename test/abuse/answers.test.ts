import { describe, expect, it } from 'vitest';
import { Arena } from './support/arena.ts';

/** An answer of many kilobytes costs its caller one line, and a node all of it for as long as nobody takes it. */
describe('answers that nobody takes', () => {
  const CONNECTIONS = 60;
  const IN_A_ROW = 100;
  // A limit of requests is no limit of bytes: this is about those.
  const arena = new Arena({ env: { HTTP_RATE: '300' }, forMs: 4000 });

  it('are held within a bound, whatever user asked for them', async () => {
    const { tally, grewMb } = await arena.measured(
      'requests',
      {
        requests: ['GET /docs/json HTTP/1.1\nHost: rollcall\n\n'.repeat(IN_A_ROW)],
        perSecond: 40,
        atMost: CONNECTIONS,
        addresses: 20,
        deaf: true,
      },
      ({ begun }) => begun === CONNECTIONS,
    );
    expect(tally.begun).toBe(CONNECTIONS);
    expect(grewMb).toBeLessThan(200);
  });
});
