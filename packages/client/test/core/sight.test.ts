import { describe, expect, it } from 'vitest';
import { type Key, keyOf } from '../../src/core/keys.ts';
import type { Presence } from '../../src/protocol/frames.ts';
import { Readers } from '../../src/shell/readers.ts';
import { World } from '../support/world.ts';

const readers = (world: World): Readers =>
  new Readers(
    () => world.state,
    () => false,
  );
const want = (world: World, ...keys: Key[]): number => {
  const id = world.id();
  world.do({ type: 'wish', take: keys.map((key) => ({ key, top: 0, id })), give: [] });
  return id;
};
const user = (name: string, ver = 1, status: Presence['status'] = 'online'): Presence => ({
  user: name,
  status,
  ver,
});
const answer = (world: World, users: Presence[], more: { group?: string; more?: true } = {}): void => {
  const ref = world.of('watch').at(-1)?.ref ?? '';
  world.frame({ type: 'presence', users, snapshot: true, ref, ...more });
};

describe('what is known of others', () => {
  it('is stale ten seconds after the connection was lost, and fresh when it is confirmed; never offline', () => {
    const world = new World();
    const { view } = bound(world);
    want(world, keyOf({ user: 'a' }));
    world.connect();
    answer(world, [user('a')]);
    world.lose(1006);
    world.pass(9_999);
    expect(view('a')).toMatchObject({ stale: false, presence: { status: 'online' } });
    world.pass(1);
    expect(view('a')).toMatchObject({ stale: true, presence: { status: 'online' } });
    world.connect();
    expect(view('a')).toMatchObject({ stale: true });
    answer(world, [user('a')]);
    expect(view('a')).toMatchObject({ stale: false });
  });

  it('is replaced by the first snapshot of a new connection: version 0 wins, an older one does not', () => {
    const world = new World();
    const { view } = bound(world);
    want(world, keyOf({ user: 'a' }), keyOf({ user: 'b' }));
    world.connect();
    answer(world, [user('a', 7), user('b', 7)]);
    world.lose(1006);
    world.connect();
    answer(world, [user('a', 0, 'offline'), user('b', 6, 'away')]);
    expect(view('a')).toMatchObject({ presence: { status: 'offline', ver: 0 } });
    expect(view('b')).toMatchObject({ presence: { status: 'online', ver: 7 } });
    world.frame({ type: 'presence', users: [user('b', 6, 'busy')] });
    expect(view('b')).toMatchObject({ presence: { status: 'online' } });
  });

  it('ends for members who left a group while the connection was away', () => {
    const world = new World();
    const { view, members } = bound(world);
    want(world, keyOf({ group: 'g' }));
    world.connect();
    answer(world, [user('a'), user('b')], { group: 'g', more: true });
    expect(members({ group: 'g' })).toMatchObject({ why: 'loading' });
    // The connection is cut between the frames of a snapshot.
    world.lose(1006);
    world.connect();
    answer(world, [user('a')], { group: 'g', more: true });
    answer(world, [user('c')], { group: 'g' });
    expect(members({ group: 'g' })).toMatchObject({ users: ['a', 'c'] });
    world.frame({ type: 'presence', users: [user('d')] });
    world.frame({ type: 'members', group: 'g', joined: ['d'], left: ['a'] });
    world.frame({ type: 'gone', users: ['a'] });
    expect(members({ group: 'g' })).toMatchObject({ users: ['c', 'd'] });
    expect([view('a').known, view('d').known]).toEqual([false, true]);
  });

  it('is all stale while the service is degraded', () => {
    const world = new World();
    const { view } = bound(world);
    want(world, keyOf({ user: 'a' }));
    world.connect();
    answer(world, [user('a')]);
    const before = view('a');
    world.frame({ type: 'degraded', on: true });
    expect(view('a')).toMatchObject({ stale: true });
    world.frame({ type: 'degraded', on: false });
    expect(view('a')).toBe(before);
  });

  it('of places: who came, told other data, left; the others stay the same objects', () => {
    const world = new World();
    const { place } = bound(world);
    want(world, keyOf({ place: 'p' }));
    world.connect();
    const ref = world.of('watch').at(-1)?.ref ?? '';
    const [a, b] = [
      { user: 'a', since: '2026-01-01', ver: 1 },
      { user: 'b', since: '2026-01-02', ver: 2, data: { cursor: 1 } },
    ];
    world.frame({ type: 'place', place: 'p', users: [b, a], snapshot: true, ref });
    const first = place('p');
    if (!first.known) throw new Error('not known');
    expect([first.members.map((one) => one.user), first.total]).toEqual([['a', 'b'], 2]);
    world.frame({ type: 'place', place: 'p', users: [{ ...b, ver: 3, data: { cursor: 2 } }] });
    const second = place('p');
    if (!second.known) throw new Error('not known');
    expect(second.members[0]).toBe(first.members[0]);
    expect(second.members[1]?.data).toEqual({ cursor: 2 });
    world.frame({ type: 'place', place: 'p', left: [{ user: 'a', at: '2026-01-03', ver: 4 }] });
    expect(place('p')).toMatchObject({ total: 1, members: [{ user: 'b' }] });
    world.frame({ type: 'gone', places: ['p'] });
    expect(place('p')).toEqual({ known: false, why: 'gone' });
  });

  it('numbers', () => {
    const world = new World();
    want(world, '#g:g');
    world.connect();
    expect(world.of('watch')).toMatchObject([{ groups: ['g'], count: true }]);
    world.frame({ type: 'count', of: { group: 'g' }, present: 3, members: 9, ref: world.sent[0]?.ref ?? '' });
    expect(readers(world).count({ group: 'g' })).toMatchObject({ numbers: { present: 3, members: 9 } });
    expect([...world.waiting]).toEqual([]);
  });
});

const bound = (world: World) => {
  const read = readers(world);
  return {
    view: read.view.bind(read),
    members: read.members.bind(read),
    place: read.place.bind(read),
  };
};
