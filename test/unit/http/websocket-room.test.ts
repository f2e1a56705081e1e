import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { principal } from '../session/fakes.ts';
import { Harness } from '../session/harness.ts';
import { ask, problemOf, UPGRADE, upgradesBy } from './upgrade-answers.ts';

let harness: Harness;
afterEach(() => harness.stop());

describe('no room', () => {
  const refusedEverywhere = async (code: number, result: string) => {
    const token = harness.auth.issue(principal('anna'));
    const answer = await ask(harness, '/v1/ws', { ...UPGRADE, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(problemOf(answer).code).toBe('unavailable');
    expect(await harness.dial({ token, signIn: 'subprotocol' }).end()).toBe(code);
    expect(await harness.dial().end()).toBe(code);
    expect(await upgradesBy(harness, result)).toBe(3);
  };

  it('while the event loop is behind', async () => {
    harness = await Harness.start();
    harness.overloaded = true;
    await refusedEverywhere(1013, 'overloaded');
    harness.overloaded = false;
    await harness.enter('anna');
  });

  it('beyond MAX_CONNECTIONS', async () => {
    harness = await Harness.start({ settings: { maxConnections: 2 } });
    const clients = [await harness.enter('anna'), await harness.enter('bob')];
    await refusedEverywhere(1013, 'overloaded');
    clients[0]?.close();
    await until(() => harness.capacity.sockets === 1);
    await harness.enter('carol');
  });

  it('beyond MAX_CONNECTIONS, of which event streams are some', async () => {
    harness = await Harness.start({ settings: { maxConnections: 2 } });
    harness.capacity.streams = 1;
    await harness.enter('anna');
    await refusedEverywhere(1013, 'overloaded');
    harness.capacity.streams = 0;
    await harness.enter('bob');
  });

  it('also for those whose tokens were verified at the same time', async () => {
    harness = await Harness.start({ settings: { maxConnections: 1 } });
    const dialed = Array.from({ length: 4 }, (_, i) =>
      harness.dial({ token: harness.auth.issue(principal(`u${i}`)), signIn: 'subprotocol' }),
    );
    await until(() => dialed.filter((client) => client.over).length === 3);
    expect(dialed.filter((client) => client.over).every((client) => client.closed?.code === 1013)).toBe(true);
    expect(harness.membership.members).toHaveLength(1);
  });

  it('while draining', async () => {
    harness = await Harness.start();
    await harness.sessions.drain(0);
    await refusedEverywhere(1012, 'draining');
  });

  describe('for sockets that are only opened to be closed', () => {
    const SHAKE = Object.entries(UPGRADE).map((line) => line.join(': '));
    const PROTOCOLS = 'sec-websocket-protocol: rollcall.v1, bearer.bad';
    let lingering: Socket[] = [];
    beforeEach(async () => {
      harness = await Harness.start();
      // They never answer the close frame.
      lingering = Array.from({ length: 200 }, () => connect(harness.port, '127.0.0.1'));
      for (const socket of lingering) {
        socket.write(`GET /ws HTTP/1.1\r\nhost: x\r\n${[...SHAKE, PROTOCOLS].join('\r\n')}\r\n\r\n`);
      }
      await until(() => harness.sessions.overrun);
    });
    afterEach(() => {
      for (const socket of lingering) socket.destroy();
    });

    it('the next gets the HTTP status instead', async () => {
      expect(await harness.dial({ token: 'bad', signIn: 'subprotocol' }).end()).toBe(401);
      harness.overloaded = true;
      expect(await harness.dial().end()).toBe(503);
    });

    it('nobody who is welcome suffers', async () => {
      await harness.enter('anna');
      await harness.enter('bob', { signIn: 'subprotocol' });
      await harness.enter('carol', { signIn: 'frame' });
    });

    it('there is room again when they are gone', async () => {
      for (const socket of lingering) socket.destroy();
      await until(() => !harness.sessions.overrun);
      expect(await harness.dial({ token: 'bad', signIn: 'subprotocol' }).end()).toBe(4401);
    });
  });

  it('for one more without a token is 1013', async () => {
    harness = await Harness.start({ settings: { maxUnauthenticated: 1 } });
    const first = harness.dial();
    await first.until(() => first.opened);
    expect(await harness.dial().end()).toBe(1013);
    await harness.enter('anna');
    expect(await upgradesBy(harness, 'overloaded')).toBe(1);
  });
});
