import { afterEach, describe, expect, it } from 'vitest';
import { FairTurns } from '../../../src/fanout/fair-turns.ts';
import { until } from '../../support/until.ts';
import { Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

/** A node whose loop has no time left: what comes waits until somebody goes on. */
const busy = async (settings: Parameters<typeof Rig.start>[0] = {}) => {
  let now = 0;
  const next: (() => void)[] = [];
  const turns = new FairTurns({
    now: () => now,
    onError: (error) => {
      throw error;
    },
    yieldFirst: (go) => void next.push(go),
  });
  rig = await Rig.start({ ...settings, turns });
  const step = (): void => {
    for (const go of next.splice(0)) go();
  };
  return {
    turns,
    /** From now on everything waits for its turn. */
    stall: (): void => {
      turns.add({
        person: 'somebody else',
        run: () => {
          now += 1000;
          return 1;
        },
      });
    },
    goOn: (): void => {
      while (next.length > 0) step();
    },
  };
};

describe('frames on a node that is behind', () => {
  it('wait for their turn, and are answered in the order in which they came', async () => {
    const { stall, goOn, turns } = await busy();
    const client = await rig.enter('anna');
    stall();
    for (let n = 0; n < 20; n += 1) client.send({ type: 'unwatch', users: ['bob'], ref: `${n}` });
    await until(() => turns.size > 0);
    expect(client.of('ack')).toEqual([]);
    const answered = until(() => {
      goOn();
      return client.of('ack').length === 20;
    });
    await answered;
    expect(client.of('ack').map(({ ref }) => ref)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  });

  it('take one turn a connection, however many it sent', async () => {
    const { stall, turns } = await busy();
    const client = await rig.enter('anna');
    stall();
    for (let n = 0; n < 50; n += 1) client.send({ type: 'ping', ref: `${n}` });
    await until(() => turns.size > 0);
    expect(turns.size).toBe(1);
  });

  it('do not close their connection for a pong that stands behind them', async () => {
    const { stall, goOn, turns } = await busy({ settings: { pingIntervalMs: 60, pingTimeoutMs: 60 } });
    const client = await rig.enter('anna', { autoPong: false });
    stall();
    client.send({ type: 'ping' });
    await until(() => turns.size > 0);
    const begun = performance.now();
    await until(() => performance.now() - begun > 400);
    expect(client.over).toBe(false);
    await until(() => {
      goOn();
      return client.of('pong').length === 1;
    });
    // Heard again, and silent from now on.
    expect(await client.end()).toBe(4408);
  });

  it('are gone with their connection', async () => {
    const { stall, goOn, turns } = await busy();
    const client = await rig.enter('anna');
    stall();
    client.send({ type: 'status', status: 'busy' });
    await until(() => turns.size > 0);
    client.terminate();
    await until(() => rig.capacity.sockets === 0);
    goOn();
    expect(turns.size).toBe(0);
    expect(rig.membership.claims).toEqual([]);
  });

  it('have a bound for all of them together', async () => {
    const { stall, turns } = await busy({ maxWaitingFrames: 500 });
    const client = await rig.enter('anna');
    const other = await rig.enter('bob');
    stall();
    const users = Array.from({ length: 80 }, (_, n) => `user-${n}`);
    client.send({ type: 'unwatch', users });
    await until(() => turns.size > 0);
    other.send({ type: 'unwatch', users, ref: 'mine' });
    await other.until(() => other.of('error').length > 0);
    expect(other.of('error')).toMatchObject([{ code: 'rate_limited', ref: 'mine' }]);
  });

  it('of somebody who has none waiting have room where another has filled it', async () => {
    const { stall, goOn, turns } = await busy({ maxWaitingFrames: 500 });
    const first = await rig.enter('anna');
    const second = await rig.enter('anna');
    const other = await rig.enter('bob');
    stall();
    const users = Array.from({ length: 40 }, (_, n) => `user-${n}`);
    first.send({ type: 'unwatch', users });
    await until(() => turns.size > 0);
    second.send({ type: 'unwatch', users, ref: 'too much' });
    await second.until(() => second.of('error').length > 0);
    expect(second.of('error')).toMatchObject([{ code: 'rate_limited', ref: 'too much' }]);
    other.send({ type: 'ping', ref: 'mine' });
    await until(() => {
      goOn();
      return other.of('pong').length > 0;
    });
    expect(other.of('error')).toEqual([]);
  });
});
