import { describe, expect, it } from 'vitest';
import { World } from '../support/world.ts';

const silentWorld = (): World => {
  const world = new World();
  world.answersPings = false;
  world.connect();
  return world;
};

describe('a connection from which nothing is heard', () => {
  it('is asked after the interval, and given up ten seconds later', () => {
    const world = silentWorld();
    world.pass(24_999);
    expect(world.of('ping').length).toBe(0);
    world.pass(1);
    expect(world.of('ping').length).toBe(1);
    world.pass(9_999);
    expect(world.state.link.at).toBe('up');
    world.pass(1);
    expect([world.state.link.at, world.socket]).toEqual(['waiting', undefined]);
  });

  it('is asked at once after a wake or a change of the network, and given up five seconds later', () => {
    for (const event of ['visible', 'resume', 'online', 'offline'] as const) {
      const world = silentWorld();
      world.pass(5_000);
      world.do({ type: 'page', event });
      expect(world.of('ping').length).toBe(1);
      world.pass(5_000);
      expect(world.state.link.at).toBe('waiting');
    }
  });

  it('gets another chance when the timer itself came far too late', () => {
    const world = silentWorld();
    world.pass(25_000);
    world.sleep(60_000);
    expect(world.state.link.at).toBe('up');
    expect(world.of('ping').length).toBe(2);
    world.pass(5_000);
    expect(world.state.link.at).toBe('waiting');
  });
});

describe('a page', () => {
  it('closes without a goodbye when it is left, and dials when it comes back', () => {
    const world = silentWorld();
    world.do({ type: 'page', event: 'pagehide' });
    expect([world.state.connection, world.socket, world.of('bye').length]).toEqual([
      { state: 'suspended' },
      undefined,
      0,
    ]);
    world.pass(600_000);
    expect(world.dials).toBe(1);
    world.do({ type: 'page', event: 'pageshow' });
    expect(world.state.link.at).toBe('dialling');
  });

  it('does not revive what the application has closed', () => {
    const world = silentWorld();
    world.do({ type: 'close' });
    for (const event of ['pageshow', 'visible', 'online', 'resume', 'input'] as const)
      world.do({ type: 'page', event });
    expect([world.state.link.at, world.dials]).toEqual(['stopped', 1]);
  });

  it('tells of activity at most every half minute, the first after a rest at once', () => {
    const world = new World();
    world.connect();
    const input = (): void => world.do({ type: 'page', event: 'input' });
    for (let s = 0; s < 60; s += 1) {
      input();
      world.pass(1_000);
    }
    expect(world.of('activity').length).toBe(1);
    world.pass(400_000);
    input();
    expect(world.of('activity').length).toBe(2);
  });

  it('opens idle when nobody has used it for long, and says so when somebody does', () => {
    const world = new World();
    world.connect();
    world.pass(301_000);
    world.lose(1006);
    world.connect();
    expect(world.state.link.at).toBe('up');
    expect(world.of('activity').length).toBe(0);
    world.do({ type: 'page', event: 'input' });
    expect(world.of('activity')).toMatchObject([{ state: 'active' }]);
  });
});

describe('a token', () => {
  it('of thirty days is renewed once, five minutes before its end', () => {
    const world = new World();
    world.do({ type: 'connect' });
    world.answerToken('token');
    const month = 30 * 86_400_000;
    world.welcome({ expiresAt: new Date(month).toISOString() });
    world.pass(month - 400_000);
    expect(world.requests.length).toBe(0);
    world.pass(150_000);
    expect(world.requests.length).toBe(1);
  });

  it('of which the application knows nothing now is asked for again; the connection stays', () => {
    const world = new World();
    world.connect();
    world.untilAsked();
    const [request = 0] = world.requests.splice(0);
    world.do({ type: 'token_failed', request, message: 'the login is down' });
    expect([world.state.link.at, world.errors.at(-1)?.code]).toEqual(['up', 'token_failed']);
    world.pass(10_000);
    expect(world.requests.length).toBe(1);
  });

  it('of another person forgets everything of the former one', () => {
    const world = new World();
    const id = world.id();
    world.do({ type: 'wish', take: [{ key: 'u:a', top: 0, id }], give: [] });
    world.connect();
    const ref = world.sent[0]?.ref ?? '';
    world.frame({ type: 'presence', users: [{ user: 'a', status: 'online', ver: 1 }], snapshot: true, ref });
    world.untilAsked();
    world.answerToken("another's");
    world.frame({ type: 'error', code: 'invalid', message: 'no', ref: world.of('auth')[0]?.ref ?? '' });
    expect([world.state.views.size, world.state.link.at]).toEqual([0, 'dialling']);
  });

  it('null says that nobody is signed in: goodbye, and nothing is known any more', () => {
    const world = new World();
    world.connect();
    world.untilAsked();
    world.answerToken(null);
    expect(world.of('bye').length).toBe(1);
    world.lose(1000);
    expect(world.state.connection).toEqual({ state: 'stopped', reason: 'signed_out' });
  });
});
