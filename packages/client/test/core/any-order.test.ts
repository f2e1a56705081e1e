import { describe, expect, it } from 'vitest';
import fc from '../../../../test/support/fast-check.ts';
import { type Key, keyOf } from '../../src/core/keys.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { type Sent, World } from '../support/world.ts';

const CODES = [1000, 1001, 1006, 1009, 1011, 1012, 1013, 4400, 4401, 4403, 4408, 4409, 4429, 4999];
const ERRORS = [
  'forbidden',
  'unavailable',
  'rate_limited',
  'too_many_watches',
  'invalid',
  'unauthorized',
  'unknown_type',
] as const;
const KEYS: readonly Key[] = [
  keyOf({ user: 'a' }),
  keyOf({ user: '__proto__' }),
  keyOf({ user: '..' }),
  keyOf({ group: 'g' }),
  keyOf({ tenant: true }),
  keyOf({ place: 'p' }),
  '#g:g',
];
const STATUSES = ['online', 'away', 'offline'] as const;

const answer = (sent: Sent, n: number): ServerFrame => {
  const { type, ref = '' } = sent;
  if (type !== 'watch') return { type: 'ack', ref };
  if (sent.places) return { type: 'place', place: 'p', users: [], snapshot: true, ref };
  if (sent.count) return { type: 'count', of: { group: 'g' }, present: n, ref };
  const users = [{ user: 'a', status: STATUSES[n % 3] ?? 'online', ver: n }];
  return { type: 'presence', users, snapshot: true, ref, ...(n % 4 === 0 && { more: true as const }) };
};

type Step = (world: World) => void;
const nat = fc.nat({ max: 20 });
const of = (...steps: Step[]): fc.Arbitrary<Step> => fc.constantFrom(...steps);

/** Takes a frame that wants an answer. */
const unanswered = (world: World): Sent | undefined => {
  const found = world.sent.find(({ ref }) => ref !== undefined);
  world.sent = world.sent.filter((frame) => frame !== found);
  return found;
};

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: of(
      (world) => world.do({ type: 'connect' }),
      (world) => world.connect(),
    ),
  },
  of(
    (world) => world.do({ type: 'close' }),
    (world) => world.do({ type: 'leave', id: world.id() }),
    (world) => world.do({ type: 'reset' }),
    (world) => world.do({ type: 'active' }),
    (world) => world.do({ type: 'idle' }),
  ),
  nat.map(
    (n): Step =>
      (world) =>
        world.pass(2 ** n),
  ),
  nat.map(
    (n): Step =>
      (world) =>
        world.sleep(2 ** n),
  ),
  {
    weight: 4,
    arbitrary: fc.constantFrom('one', 'two', null).map(
      (token): Step =>
        (world) =>
          world.answerToken(token),
    ),
  },
  // Answers that come too late, or twice.
  of((world) => {
    for (const request of world.asked)
      if (!world.requests.includes(request)) world.do({ type: 'token', request, token: 'late' });
  }),
  of((world) => {
    const request = world.requests.shift();
    if (request !== undefined) world.do({ type: 'token_failed', request, message: 'no' });
  }),
  {
    weight: 4,
    arbitrary: of(
      (world) => world.welcome(),
      (world) => world.welcome({ user: 'other' }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...CODES).map(
      (code): Step =>
        (world) =>
          world.lose(code),
    ),
  },
  {
    weight: 4,
    arbitrary: nat.map(
      (n): Step =>
        (world) => {
          const sent = unanswered(world);
          if (sent) world.frame(answer(sent, n));
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...ERRORS).map(
      (code): Step =>
        (world) => {
          const { ref } = unanswered(world) ?? {};
          world.frame({ type: 'error', code, message: code, ...(ref !== undefined && { ref }) });
        },
    ),
  },
  of(
    (world) => world.frame({ type: 'gone', users: ['a'], groups: ['g'], places: ['p'], tenant: true }),
    (world) => world.frame({ type: 'degraded', on: true }),
    (world) => world.frame({ type: 'degraded', on: false }),
    (world) => world.frame({ type: 'reconnect', afterMs: 700 }),
    (world) => world.frame({ type: 'members', group: 'g', joined: ['b'], left: ['a'] }),
    (world) => world.frame({ type: 'typing', from: 'a', on: true }),
    (world) => world.frame({ type: 'presence', users: [{ user: 'a', status: 'busy', ver: 9 }] }),
    (world) => world.frame({ type: 'of the future' } as never),
  ),
  {
    weight: 3,
    arbitrary: fc.subarray([...KEYS], { minLength: 1 }).map(
      (keys): Step =>
        (world) => {
          const id = world.id();
          const take = keys.map((key) => ({ key, top: 0, id }));
          world.do({ type: 'wish', take, give: [] });
          given.get(world)?.push(take);
        },
    ),
  },
  {
    weight: 2,
    arbitrary: of((world) => {
      const give = given.get(world)?.shift();
      if (give) world.do({ type: 'wish', take: [], give });
    }),
  },
  of(
    (world) =>
      world.do({ type: 'say', what: 'status', frame: { type: 'status', status: null }, id: world.id() }),
    (world) => world.do({ type: 'say', what: 'note', frame: { type: 'note' }, id: world.id() }),
    (world) => {
      for (const id of world.waiting) world.do({ type: 'abort', id });
    },
    (world) => world.do({ type: 'enter', place: 'p', data: { n: 1 }, id: world.id(), isUpdate: false }),
    (world) => world.do({ type: 'enter', place: 'p', data: { n: 2 }, id: world.id(), isUpdate: true }),
    (world) => world.do({ type: 'exit', place: 'p', id: world.id() }),
    (world) => world.do({ type: 'typing', key: 'u:a', to: { user: 'a' }, on: true }),
  ),
  fc.constantFrom('input', 'visible', 'resume', 'online', 'offline', 'pagehide', 'pageshow').map(
    (event): Step =>
      (world) =>
        world.do({ type: 'page', event }),
  ),
);

const given = new WeakMap<World, { key: Key; top: number; id: number }[][]>();

describe('in any order of events', () => {
  it('there is one socket at most, nothing runs once it is stopped, and every promise settles', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(steps, { maxLength: 60 }), (seed, run) => {
        const world = new World(seed);
        world.answersPings = seed % 2 === 0;
        given.set(world, []);
        // The checks are of the world: it throws.
        for (const step of run) step(world);
        world.do({ type: 'close' });
        expect([...world.waiting]).toEqual([]);
        world.pass(100_000);
        expect(world.state.link.at).toBe('stopped');
      }),
      { numRuns: Number(process.env.CLIENT_RUNS ?? 1_500) },
    );
  });

  it('a socket that answers is found again after anything but an end', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(steps, { maxLength: 40 }), (seed, run) => {
        const world = new World(seed);
        given.set(world, []);
        for (const step of run) step(world);
        for (let tries = 0; tries < 50 && world.state.link.at !== 'up'; tries += 1) {
          if (['idle', 'stopped'].includes(world.state.link.at)) world.do({ type: 'connect' });
          world.do({ type: 'page', event: 'pageshow' });
          world.answerToken(`token ${tries}`);
          world.welcome();
          world.pass(world.socket === undefined || world.state.link.at === 'leaving' ? 1_000 : 0);
        }
        expect(world.state.link.at).toBe('up');
      }),
      { numRuns: Number(process.env.CLIENT_RUNS ?? 500) },
    );
  });
});
