import { describe, expect, it } from 'vitest';
import { BUFFER_LIMIT } from '../../../src/fanout/context.ts';
import { type FakeSink, Rig } from './rig.ts';

const stall = (sink: FakeSink): void => {
  sink.buffered = BUFFER_LIMIT + 1;
};
const read = ({ sink, watcher }: { sink: FakeSink; watcher: { drained(): void } }): void => {
  sink.buffered = 0;
  sink.blocked = false;
  watcher.drained();
};

describe.each([
  ['users', { users: ['a', 'b', 'c'] }],
  ['a tenant', { tenant: true }],
])('a connection that does not read and watches %s', (_, request) => {
  it.each([20, 0])('gets nothing, then the newest of each (window %i)', async (fanoutWindowMs) => {
    const rig = new Rig({ settings: { fanoutWindowMs } });
    const slow = await rig.watching(request);
    const other = await rig.watching(request);
    stall(slow.sink);
    for (let ver = 1; ver <= 100; ver += 1) {
      rig.event('a', ver);
      rig.event('b', ver);
      rig.time.advance(7);
    }
    rig.time.advance(100);
    expect(slow.sink.take()).toEqual([]);
    expect(other.sink.take().at(-1)).toMatch(/b@100$/); // Nobody else waits for it.
    read(slow);
    expect(slow.sink.take()).toEqual(['a@100 b@100']);
    expect(await rig.metric('rollcall_conflated_total')).toBeGreaterThan(190);
  });

  it('gets the newest also when nobody says that it reads again', async () => {
    const rig = new Rig();
    const slow = await rig.watching(request);
    stall(slow.sink);
    rig.event('a', 1);
    rig.time.advance(100);
    slow.sink.buffered = 0;
    rig.time.advance(1000);
    expect(slow.sink.take()).toEqual(['a@1']);
    stall(slow.sink);
    rig.event('a', 2);
    rig.time.advance(100);
    slow.sink.buffered = 0;
    rig.time.advance(1000);
    expect(slow.sink.take()).toEqual(['a@2']);
    rig.time.advance(1000);
    expect(rig.fanout.footprint.waiting).toBe(0);
  });

  /** Its kernel took everything: a change that comes first must not overtake the one that waits. */
  it('gets a change once when it reads again before anybody says so', async () => {
    const rig = new Rig();
    const slow = await rig.watching(request);
    stall(slow.sink);
    rig.event('a', 1);
    rig.time.advance(100);
    slow.sink.buffered = 0;
    rig.event('a', 2);
    rig.time.advance(100);
    read(slow);
    rig.time.advance(100);
    expect(slow.sink.take()).toEqual(['a@2']);
  });

  it('goes on in windows after it was slow', async () => {
    const rig = new Rig();
    const slow = await rig.watching(request);
    stall(slow.sink);
    rig.event('a', 1);
    rig.time.advance(100);
    read(slow);
    rig.event('b', 1);
    rig.event('c', 1);
    expect(slow.sink.take()).toEqual(['a@1']);
    rig.time.advance(20);
    expect(slow.sink.take()).toEqual(['b@1 c@1']);
  });
});

describe('users watched by id by a connection that does not read and asks for their tenant, too', () => {
  const asks = async (): Promise<{ rig: Rig; connection: ReturnType<Rig['connect']> }> => {
    const rig = new Rig({ tuning: { frameUsers: 2, bufferLimit: 100 } });
    for (const user of ['a', 'b', 'c', 'd']) rig.set(user, 1);
    return { rig, connection: await rig.watching({ users: ['a', 'b'] }) };
  };

  it('are told of as before until the tenant is shown, and then not again', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    sink.blocked = true;
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['[a@1 b@1]+']);
    sink.blocked = false;
    sink.buffered = 0; // It reads again, but nobody has said so yet.
    rig.event('a', 2);
    watcher.drained();
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@2', '[c@1 d@1]']);
  });

  it('are told of once when they change while the tenant waits to be shown', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    sink.blocked = true;
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['[a@1 b@1]+']);
    rig.event('a', 2);
    rig.time.advance(50);
    read(connection);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['[c@1 d@1]', 'a@2']);
  });

  /** What was sent ahead of the stream has to be remembered until the stream has passed it, not until the next frame. */
  it('are told of once when a full frame ends before what they were told', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    for (const user of ['e', 'f']) rig.set(user, 1);
    sink.blocked = true;
    await watcher.watch({ tenant: true });
    sink.buffered = 0;
    watcher.drained();
    expect(sink.take()).toEqual(['[a@1 b@1]+', '[c@1 d@1]+']);
    rig.event('c', 2);
    rig.event('d', 2);
    sink.blocked = false;
    sink.buffered = 0; // It reads again, but nobody has said so yet.
    rig.event('a', 2);
    expect(sink.take()).toEqual(['a@2']);
    watcher.drained();
    rig.time.advance(100);
    expect(sink.take()).toEqual(['[e@1 f@1]', 'c@2 d@2']);
  });

  it('are told of no more when neither they nor the tenant are watched', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    sink.buffered = 1000;
    rig.event('b', 2, 'offline');
    await watcher.watch({ tenant: true });
    watcher.unwatch({ users: ['b'] });
    watcher.unwatch({ tenant: true });
    read(connection);
    rig.event('a', 2);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['[]', 'a@2']);
  });

  it('are still told of when the tenant is unwatched before it was shown', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    sink.buffered = 1000;
    rig.event('b', 2, 'offline');
    await watcher.watch({ tenant: true });
    rig.event('a', 2);
    watcher.unwatch({ tenant: true });
    read(connection);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['[]', 'b@2 a@2']);
  });

  it('are still told of as part of the tenant when they are no longer watched by id', async () => {
    const { rig, connection } = await asks();
    const { sink, watcher } = connection;
    sink.buffered = 1000;
    rig.event('b', 2, 'offline');
    await watcher.watch({ tenant: true });
    watcher.unwatch({ users: ['a', 'b'] });
    read(connection);
    rig.time.advance(50);
    // It was shown b online: a snapshot without b would leave it at that.
    expect(sink.take()).toEqual(['[a@1 c@1]+', '[d@1]', 'b@2']);
  });
});

describe('large snapshots', () => {
  const users = Array.from({ length: 10 }, (_, n) => `u${n}`);

  it('come in several frames, all with the reference, all but the last with more', async () => {
    const rig = new Rig({ tuning: { frameUsers: 4 } });
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users }, 'big');
    expect(sink.frames.map(({ snapshot, ref, more }) => [snapshot, ref, more])).toEqual([
      [true, 'big', true],
      [true, 'big', true],
      [true, 'big', undefined],
    ]);
    expect(sink.frames.map((frame) => frame.users.length)).toEqual([4, 4, 2]);
  });

  it('come in frames of bounded size by default', async () => {
    const rig = new Rig();
    const many = Array.from({ length: 3000 }, (_, n) => `user-${n}-${'x'.repeat(n % 2 === 0 ? 100 : 10)}`);
    for (const user of many) rig.set(user, 1);
    const byId = rig.connect();
    await byId.watcher.watch({ users: many });
    const all = rig.connect();
    await all.watcher.watch({ tenant: true });
    for (const { sink } of [byId, all]) {
      expect(sink.frames.flatMap((frame) => frame.users)).toHaveLength(3000);
      expect(Math.max(...sink.frames.map((frame) => frame.users.length))).toBeLessThanOrEqual(500);
      expect(Math.max(...sink.raw.map((frame) => frame.length))).toBeLessThan(66 * 1024);
    }
  });

  it('wait for the socket, and changes wait for them', async () => {
    const rig = new Rig({ tuning: { frameUsers: 4, bufferLimit: 100 } });
    const connection = rig.connect();
    const { sink, watcher } = connection;
    sink.blocked = true;
    await watcher.watch({ users });
    expect(sink.take()).toEqual(['[u0@0 u1@0 u2@0 u3@0]+']);
    rig.event('u1', 1); // Shown: a change. The other has not been shown: no change of it.
    rig.event('u9', 1);
    rig.time.advance(50);
    expect(sink.take()).toEqual([]);
    read(connection);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['[u4@0 u5@0 u6@0 u7@0]+', '[u8@0 u9@1]', 'u1@1']);
  });

  it.each([20, 0])(
    'of a tenant wait for the socket, and changes wait for them (window %i)',
    async (fanoutWindowMs) => {
      const rig = new Rig({ settings: { fanoutWindowMs }, tuning: { frameUsers: 4, bufferLimit: 100 } });
      for (const user of users) rig.set(user, 1);
      const connection = rig.connect();
      const { sink, watcher } = connection;
      sink.blocked = true;
      await watcher.watch({ tenant: true });
      expect(sink.take()).toEqual(['[u0@1 u1@1 u2@1 u3@1]+']);
      rig.event('u1', 2);
      rig.event('u7', 2); // Shown with its newest view: not told again.
      rig.event('u8', 2, 'offline'); // No longer there.
      rig.event('new', 1);
      rig.time.advance(50);
      expect(sink.take()).toEqual([]);
      read(connection);
      rig.time.advance(50);
      expect(sink.take()).toEqual(['[u4@1 u5@1 u6@1 u7@2]+', '[u9@1]', 'u1@2 u8@2 new@1']);
      rig.time.advance(50);
      expect(sink.take()).toEqual([]);
    },
  );

  it('of a tenant are followed by changes at once when something else is asked for', async () => {
    const rig = new Rig({ tuning: { frameUsers: 4, bufferLimit: 100 } });
    for (const user of users) rig.set(user, 1);
    const { sink, watcher } = rig.connect();
    sink.blocked = true;
    await watcher.watch({ tenant: true });
    sink.take();
    rig.event('u1', 2);
    rig.time.advance(50);
    sink.blocked = false;
    sink.buffered = 0; // It reads again, but nobody has said so yet.
    await watcher.watch({ users: ['u2'] });
    expect(sink.take()).toEqual(['[u4@1 u5@1 u6@1 u7@1]+', '[u8@1 u9@1]', 'u1@2', '[u2@1]']);
  });

  it('lose what is unwatched before it was shown', async () => {
    const rig = new Rig({ tuning: { frameUsers: 4, bufferLimit: 100 } });
    for (const user of users) rig.set(user, 1);
    const connection = rig.connect();
    const { sink, watcher } = connection;
    sink.blocked = true;
    await watcher.watch({ users: ['u8', 'u9', 'u5', 'u6', 'u1'], tenant: true });
    expect(sink.take()).toEqual(['[u8@1 u9@1 u5@1 u6@1]+']);
    watcher.unwatch({ users: ['u1'] }); // Still one of the tenant.
    read(connection);
    expect(sink.take()).toEqual(['[u0@1 u2@1 u3@1 u4@1]+', '[u7@1 u1@1]']);

    sink.blocked = true;
    await watcher.watch({ users: ['u1', 'u2', 'u3', 'u4', 'u5'], tenant: true });
    sink.take();
    watcher.unwatch({ tenant: true });
    watcher.unwatch({ users: ['u5'] });
    read(connection);
    expect(sink.take()).toEqual(['[]']);
    rig.event('u0', 5);
    rig.event('u5', 5);
    rig.event('u1', 5);
    expect(sink.take()).toEqual(['u1@5']);
  });

  it('stop when the connection closes', async () => {
    const rig = new Rig({ tuning: { frameUsers: 4, bufferLimit: 100 } });
    const { sink, watcher } = rig.connect();
    sink.blocked = true;
    await watcher.watch({ users, tenant: true });
    sink.take();
    watcher.close();
    sink.blocked = false;
    sink.buffered = 0;
    watcher.drained();
    rig.time.advance(1000);
    expect(sink.take()).toEqual([]);
    expect(rig.fanout.footprint).toEqual({ watches: 0, views: 0, tenants: 0, waiting: 0 });
  });
});
