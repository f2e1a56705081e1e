import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import type { ClientFrame } from '../support/frames.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** Long enough for whatever else happens, short enough for nothing to be given up. */
const LATE_MS = 500;

/**
 * Node 0 hears late what Redis answers, and at once what happens: answers are older than what the node knows when they
 * arrive. Everybody else is on node 1, which is not late.
 */
const lateNode = (policy: 'tenant' | 'groups') => {
  const world = {} as { cluster: Cluster; proxy: TcpProxy };
  beforeAll(async () => {
    const times = {
      HEARTBEAT_INTERVAL_MS: '1000',
      HEARTBEAT_TTL_MS: '3000',
      OFFLINE_GRACE_MS: '2000',
      REDIS_COMMAND_TIMEOUT_MS: '2000',
    };
    const env = { ...times, WATCH_POLICY: policy, TRANSITION_INTERVAL_MS: '0' };
    world.cluster = await Cluster.start({ nodes: 0, env, redis: await RedisServer.start() });
    world.proxy = (await world.cluster.addProxiedNode()).proxy;
    await world.cluster.addNode();
  });
  afterEach(() => {
    world.proxy.delayAnswers(0);
    world.cluster.disconnectAll();
  });
  afterAll(() => world.cluster?.stop());
  return {
    world,
    /** Somebody on the node that is not late. */
    person: (user: string, claims: { groups?: string[]; name?: string } = {}): Promise<Client> =>
      world.cluster.connect(user, { claims, node: 1 }),
    forget: async (user: string): Promise<void> => {
      const { status } = await world.cluster.http(`/v1/presence/users/${user}`, {
        claims: { sub: 'operator', scope: 'admin' },
        method: 'DELETE',
        node: 1,
      });
      expect(status).toBe(204);
    },
    /** Node 0 heard everything that was told so far: messages come in the order in which they were published. */
    heard: async (watcher: Client, marker: Client, user: string): Promise<void> => {
      const status = watcher.last(user)?.status === 'busy' ? 'away' : 'busy';
      await marker.ask({ type: 'status', status });
      await watcher.sees(user, status);
    },
  };
};

/** The users of the snapshot that answers a `ref`, or the error. */
const answer = (client: Client, ref: string): Promise<string[] | string> =>
  client.until(
    () => {
      const frames = client.frames.filter((frame) => 'ref' in frame && frame.ref === ref);
      const last = frames.at(-1);
      if (last?.type === 'error') return last.code;
      if (last?.type !== 'presence' || last.more === true) return undefined;
      return frames.flatMap((frame) =>
        frame.type === 'presence' ? frame.users.map(({ user, status }) => `${user} ${status}`) : [],
      );
    },
    { what: `the answer to ${ref}` },
  );

const inOnePacket = ({ socket }: Client, frames: readonly ClientFrame[]): void => {
  const under = (socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
  under.cork();
  for (const frame of frames) socket.send(JSON.stringify(frame));
  under.uncork();
};

describe.skipIf(!hasRedisBinary)(
  'answers of Redis that come late, when only people of a group see each other',
  () => {
    const { world, person } = lateNode('groups');

    it('take no watch away because one’s own status changed meanwhile', async () => {
      const groups = ['team'];
      for (const user of ['ann', 'ben', 'eve']) await person(user, { groups });
      const me = await world.cluster.connect('me', { claims: { groups } });
      world.proxy.delayAnswers(LATE_MS);
      inOnePacket(me, [
        { type: 'status', status: 'busy', ref: 's' },
        { type: 'watch', users: ['ann', 'ben', 'eve'], ref: 'w' },
      ]);
      expect(await answer(me, 'w')).toEqual(['ann online', 'ben online', 'eve online']);
      expect(me.of('gone')).toEqual([]);
    });

    it('take no group away that a renewal brought', async () => {
      const me = await world.cluster.connect('renews', { claims: { groups: ['old'] } });
      await person('fay', { groups: ['new'] });
      world.proxy.delayAnswers(LATE_MS);
      me.send({ type: 'status', status: 'busy', ref: 's' });
      const claims = { sub: 'renews', groups: ['old', 'new'] };
      const token = await world.cluster.token(claims, { issuedInSeconds: 1 });
      await me.ask({ type: 'auth', token });
      me.send({ type: 'watch', groups: ['new'], ref: 'w' });
      expect(await answer(me, 'w')).toContain('fay online');
      expect(me.of('gone')).toEqual([]);
    });

    it('lose nobody who is asked for by id and as a member at once', async () => {
      const groups = ['crew'];
      const first = await world.cluster.connect('first', { claims: { groups } });
      await first.watch({ groups });
      // Known to the node by an event alone.
      const dan = await person('dan', { groups });
      await first.sees('dan', 'online');
      const me = await world.cluster.connect('second', { claims: { groups } });
      world.proxy.delayAnswers(LATE_MS);
      inOnePacket(me, [
        { type: 'watch', users: ['dan'], ref: 'u' },
        { type: 'watch', groups, ref: 'g' },
      ]);
      await answer(me, 'u');
      expect(await answer(me, 'g')).toContain('dan online');
      world.proxy.delayAnswers(0);
      const mark = me.mark;
      await dan.ask({ type: 'status', status: 'busy' });
      await first.sees('dan', 'busy');
      await me.until(() => me.history('dan', mark).at(-1)?.status === 'busy', { what: 'the change of dan' });
    });
  },
);

describe.skipIf(!hasRedisBinary)('answers of Redis that come late', () => {
  const { world, person, forget, heard } = lateNode('tenant');

  it.each([
    ['by id', { users: ['gus'] }, ['gus offline']],
    ['by a group', { groups: ['den'] }, []],
  ] as const)('bring nobody back who was forgotten meanwhile, watched %s', async (_, what, shown) => {
    const groups = ['den'];
    const gus = await person('gus', { groups, name: 'Gustavus' });
    const hal = await person('hal', { groups });
    const watcher = await world.cluster.connect('watcher', { claims: {} });
    await watcher.watch({ users: ['hal'] });
    const viewer = (): Promise<Client> =>
      world.cluster.connect('viewer', { claims: { sub: 'hal', groups, scope: 'watch' } });
    const [one, other] = [await viewer(), await viewer()];
    world.proxy.delayAnswers(LATE_MS);
    one.send({ type: 'watch', ...what, ref: 'w' });
    await until(() => world.proxy.isAnswering('Gustavus'));
    await forget('gus');
    await heard(watcher, hal, 'hal');
    const ofGus = async (client: Client): Promise<string[]> =>
      [await answer(client, 'w')].flat().filter((text) => !text.startsWith('hal'));
    expect(await ofGus(one)).toEqual(shown);
    world.proxy.delayAnswers(0);
    other.send({ type: 'watch', ...what, ref: 'w' });
    expect(await ofGus(other)).toEqual(shown);
    expect(await gus.end()).toBe(4403);
  });

  it('keep from nobody who watches the tenant that somebody offline was forgotten', async () => {
    const watcher = await world.cluster.watcher('watches-all');
    await watcher.watch({ tenant: true });
    const ida = await person('ida');
    await watcher.sees('ida', 'online');
    await ida.bye();
    await watcher.sees('ida', 'offline');
    const marker = await person('marker');
    await watcher.sees('marker', 'online');
    await forget('ida');
    await heard(watcher, marker, 'marker');
    expect(watcher.of('gone')).toEqual([{ type: 'gone', users: ['ida'] }]);
  });
});
