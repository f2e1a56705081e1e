import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { principal } from '../session/fakes.ts';
import { Rig } from '../session/rig.ts';
import { ask, problemOf, UPGRADE, upgradesBy } from './upgrade-answers.ts';

let rig: Rig;
afterEach(() => rig.stop());

describe('no room', () => {
  const refusedEverywhere = async (code: number, result: string) => {
    const token = rig.auth.issue(principal('anna'));
    const answer = await ask(rig, '/v1/ws', { ...UPGRADE, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(problemOf(answer).code).toBe('unavailable');
    expect(await rig.dial({ token, signIn: 'subprotocol' }).end()).toBe(code);
    expect(await rig.dial().end()).toBe(code);
    expect(await upgradesBy(rig, result)).toBe(3);
  };

  it('while the event loop is behind', async () => {
    rig = await Rig.start();
    rig.overloaded = true;
    await refusedEverywhere(1013, 'overloaded');
    rig.overloaded = false;
    await rig.enter('anna');
  });

  it('beyond MAX_CONNECTIONS', async () => {
    rig = await Rig.start({ settings: { maxConnections: 2 } });
    const clients = [await rig.enter('anna'), await rig.enter('bob')];
    await refusedEverywhere(1013, 'overloaded');
    clients[0]?.close();
    await until(() => rig.capacity.sockets === 1);
    await rig.enter('carol');
  });

  it('beyond MAX_CONNECTIONS, of which event streams are some', async () => {
    rig = await Rig.start({ settings: { maxConnections: 2 } });
    rig.capacity.streams = 1;
    await rig.enter('anna');
    await refusedEverywhere(1013, 'overloaded');
    rig.capacity.streams = 0;
    await rig.enter('bob');
  });

  it('also for those whose tokens were verified at the same time', async () => {
    rig = await Rig.start({ settings: { maxConnections: 1 } });
    const dialed = Array.from({ length: 4 }, (_, i) =>
      rig.dial({ token: rig.auth.issue(principal(`u${i}`)), signIn: 'subprotocol' }),
    );
    await until(() => dialed.filter((client) => client.over).length === 3);
    expect(dialed.filter((client) => client.over).every((client) => client.closed?.code === 1013)).toBe(true);
    expect(rig.membership.members).toHaveLength(1);
  });

  it('while draining', async () => {
    rig = await Rig.start();
    await rig.sessions.drain(0);
    await refusedEverywhere(1012, 'draining');
  });

  describe('for sockets that are only opened to be closed', () => {
    const SHAKE = Object.entries(UPGRADE).map((line) => line.join(': '));
    const PROTOCOLS = 'sec-websocket-protocol: rollcall.v1, bearer.bad';
    let lingering: Socket[] = [];
    beforeEach(async () => {
      rig = await Rig.start();
      // They never answer the close frame.
      lingering = Array.from({ length: 200 }, () => connect(rig.port, '127.0.0.1'));
      for (const socket of lingering) {
        socket.write(`GET /ws HTTP/1.1\r\nhost: x\r\n${[...SHAKE, PROTOCOLS].join('\r\n')}\r\n\r\n`);
      }
      await until(() => rig.sessions.overrun);
    });
    afterEach(() => {
      for (const socket of lingering) socket.destroy();
    });

    it('the next gets the HTTP status instead', async () => {
      expect(await rig.dial({ token: 'bad', signIn: 'subprotocol' }).end()).toBe(401);
      rig.overloaded = true;
      expect(await rig.dial().end()).toBe(503);
    });

    it('nobody who is welcome suffers', async () => {
      await rig.enter('anna');
      await rig.enter('bob', { signIn: 'subprotocol' });
      await rig.enter('carol', { signIn: 'frame' });
    });

    it('there is room again when they are gone', async () => {
      for (const socket of lingering) socket.destroy();
      await until(() => !rig.sessions.overrun);
      expect(await rig.dial({ token: 'bad', signIn: 'subprotocol' }).end()).toBe(4401);
    });
  });

  it('for one more without a token is 1013', async () => {
    rig = await Rig.start({ settings: { maxUnauthenticated: 1 } });
    const first = rig.dial();
    await first.until(() => first.opened);
    expect(await rig.dial().end()).toBe(1013);
    await rig.enter('anna');
    expect(await upgradesBy(rig, 'overloaded')).toBe(1);
  });
});
