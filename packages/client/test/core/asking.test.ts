import { describe, expect, it } from 'vitest';
import { type Key, keyOf } from '../../src/core/keys.ts';
import { World } from '../support/world.ts';

const want = (world: World, keys: readonly Key[]): number => {
  const id = world.id();
  world.do({ type: 'wish', take: keys.map((key) => ({ key, top: 0, id })), give: [] });
  return id;
};
const users = (n: number, of = (i: number) => `${i}`.padStart(36, 'u')): Key[] =>
  Array.from({ length: n }, (_, i) => keyOf({ user: of(i) }));
const answerAll = (world: World): void => {
  for (const { ref = '', users: asked = [] } of world.of('watch')) {
    const found = (asked as string[]).map((user) => ({ user, status: 'online' as const, ver: 1 }));
    world.frame({ type: 'presence', users: found, snapshot: true, ref });
  }
};

describe('asking for what is watched', () => {
  it('5,000 users take few frames, small ones, no faster than half of what the service allows', () => {
    const world = new World();
    const id = want(world, users(5_000));
    world.connect();
    world.pass(3_000);
    const frames = world.of('watch');
    expect(frames.length).toBeLessThanOrEqual(20);
    for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(13_000);
    answerAll(world);
    expect([...world.settled]).toEqual([[id, undefined]]);
  });

  it('counts bytes, not characters, and shrinks after a frame was too big', () => {
    const world = new World();
    want(
      world,
      users(300, (i) => `${'é'.repeat(50)}${i}`),
    );
    world.connect();
    const bytes = (): number =>
      Math.max(...world.of('watch').map((frame) => Buffer.byteLength(JSON.stringify(frame))));
    const before = bytes();
    expect(before).toBeLessThan(12_400);
    world.lose(1009);
    world.connect();
    expect(bytes()).toBeLessThan(before / 1.8);
  });

  it('finds who is forbidden by halves, or by the list of the error', () => {
    const world = new World();
    want(world, users(8, String));
    world.connect();
    const seen: string[] = [];
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const open = world.of('watch').find(({ ref = '' }) => !seen.includes(ref));
      if (!open) break;
      seen.push(open.ref ?? '');
      const asked = open.users as string[];
      if (asked.includes('5'))
        world.frame({ type: 'error', code: 'forbidden', message: 'no', ref: open.ref ?? '' });
      else world.frame({ type: 'presence', users: [], snapshot: true, ref: open.ref ?? '' });
    }
    const phases = [...world.state.wants].map(([key, { phase }]) => [key, phase]);
    expect(phases.filter(([, phase]) => phase === 'refused')).toEqual([['u:5', 'refused']]);
    expect(phases.filter(([, phase]) => phase === 'held').length).toBe(7);
    expect(seen.length).toBeLessThanOrEqual(7);
    const other = new World();
    want(other, users(3, String));
    other.connect();
    other.frame({
      type: 'error',
      code: 'forbidden',
      message: 'no',
      ref: other.sent[0]?.ref ?? '',
      users: ['1'],
    });
    expect(other.of('watch').at(-1)?.users).toEqual(['0', '2']);
  });

  it('asks again after a while for what was not answerable', () => {
    const world = new World();
    want(world, users(1));
    world.connect();
    world.frame({ type: 'error', code: 'unavailable', message: 'no', ref: world.sent[0]?.ref ?? '' });
    world.pass(999);
    expect(world.of('watch').length).toBe(1);
    world.pass(2_001);
    expect(world.of('watch').length).toBe(2);
  });

  it('asks for the refused again when the token was renewed', () => {
    const world = new World();
    want(world, ['g:g']);
    world.connect();
    world.frame({ type: 'error', code: 'forbidden', message: 'no', ref: world.sent[0]?.ref ?? '' });
    world.untilAsked();
    world.answerToken('newer');
    expect(world.of('auth')).toMatchObject([{ token: 'newer' }]);
    world.welcome({ ref: world.of('auth')[0]?.ref ?? '' });
    expect(world.of('watch').length).toBe(2);
  });

  it('a service that knows no places says so once, and is not asked again', async () => {
    const world = new World();
    world.connect();
    const first = world.id();
    world.do({ type: 'enter', place: 'p', data: undefined, id: first, isUpdate: false });
    const [frame] = world.of('enter');
    world.frame({ type: 'error', code: 'unknown_type', message: 'no', ref: frame?.ref ?? '' });
    expect(world.settled.get(first)).toMatchObject({ code: 'unsupported' });
    const second = world.id();
    world.do({ type: 'enter', place: 'q', data: undefined, id: second, isUpdate: false });
    expect([world.of('enter').length, world.settled.get(second)?.code]).toEqual([1, 'unsupported']);
  });

  it('tells data of a place no faster than they are shown, the newest last, and again on a new connection', () => {
    const world = new World();
    world.connect();
    world.do({ type: 'enter', place: 'p', data: { n: 0 }, id: world.id(), isUpdate: false });
    for (let n = 1; n <= 50; n += 1) {
      world.do({ type: 'enter', place: 'p', data: { n }, id: world.id(), isUpdate: true });
      const { ref } = world.of('enter').at(-1) ?? {};
      world.frame({ type: 'ack', ref: ref ?? '' });
      world.pass(20);
    }
    world.pass(300);
    world.frame({ type: 'ack', ref: world.of('enter').at(-1)?.ref ?? '' });
    expect(world.of('enter').length).toBeLessThanOrEqual(7);
    expect(world.of('enter').at(-1)?.data).toEqual({ n: 50 });
    expect([...world.waiting]).toEqual([]);
    world.lose(1006);
    world.connect();
    expect(world.of('enter')).toMatchObject([{ place: 'p', data: { n: 50 } }]);
  });
});
