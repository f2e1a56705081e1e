import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodePresence } from '../../../src/protocol/encode-presence.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
import fc from '../../support/fast-check.ts';
import { EPOCH } from '../../support/frozen-stores.ts';
import { READ_PATHS } from '../http/read-paths.ts';
import { rigs } from '../http/rig.ts';
import { freezeTime, turn } from '../node/rig.ts';
import { ANN, INTERVAL_MS, LATE_MS, type Opening, POLICY, TENANT, World } from './world.ts';

const BY_HAND = process.env['ROLLCALL_HIDDEN'];
const RUNS = Number(BY_HAND ?? 60);
/** The same histories in every run of all tests; by hand they are drawn. */
const SEED = BY_HAND === undefined ? { seed: 1 } : {};
/** Long runs are made by hand. */
const TIMEOUT_MS = 60_000 + RUNS * 1000;

// The last is refused to who is no operator, in the same words.
const READS = [...READ_PATHS, '/v1/presence/users/ann/explain'];

/** Versions as the milliseconds in which they were given, because commands of nodes take some of the same clock. */
const coarse = (text: string): string => text.replaceAll(/(\d{13})\d{3}(?!\d)/g, '$1');

type Move = (world: World) => Promise<void>;

const which = fc.nat({ max: 5 });
const words = fc.record({
  iat: fc.constantFrom(1, 5, 9),
  name: fc.constantFrom('Ann', 'A.'),
  groups: fc.constantFrom<string[]>(['g'], ['g', 'h'], []),
});
const opening: fc.Arbitrary<Opening> = fc
  .tuple(
    words,
    fc.constantFrom('active' as const, 'idle' as const, undefined),
    fc.constantFrom('connect watch', 'connect watch', 'watch'),
  )
  .map(([said, activity, scope]) => ({ ...said, scope, ...(activity && { activity }) }));

/** What the person and their devices do: openings, also of what only watches, ends with and without a grace, renewals, typing, sessions, activity. */
const own: fc.Arbitrary<Move> = fc.oneof(
  opening.map(
    (more): Move =>
      (world) =>
        world.open(more),
  ),
  fc.tuple(which, words).map(
    ([at, more]): Move =>
      (world) =>
        world.renew(at, more),
  ),
  which.map(
    (at): Move =>
      (world) =>
        world.break(at),
  ),
  fc.tuple(which, fc.constantFrom('active', 'idle')).map(
    ([at, state]): Move =>
      (world) =>
        world.says(at, { type: 'activity', state }),
  ),
  which.map(
    (at): Move =>
      (world) =>
        world.says(at, { type: 'bye' }),
  ),
  fc.constant<Move>((world) => world.types()),
  fc.constant<Move>((world) => world.session()),
  fc.constant<Move>(async (world) => {
    await world.store.people.touch(ANN, { iat: 9, name: 'Annie', groups: ['h'] });
  }),
);

/** What others and time do: services, a colleague, limits, the retention, a store that loses everything. */
const common = fc.oneof(
  fc
    .constantFrom(1, 400, POLICY.graceMs, POLICY.idleAwayMs, POLICY.idleOfflineMs, POLICY.retentionMs)
    .map((ms) => ({ ms, does: undefined })),
  fc.constantFrom('busy' as const, 'away' as const, null).map((status) => ({
    ms: 1,
    does: async (world: World) => {
      const claim = status && { status, priority: 150, until: EPOCH + 2 * POLICY.retentionMs };
      await world.store.people.claim(ANN, 'calendar', claim);
    },
  })),
  fc
    .tuple(
      fc.constantFrom('On leave', 'Back soon', undefined),
      fc.constantFrom(undefined, 600, POLICY.retentionMs + 1000),
    )
    .map(([text, ms]) => ({
      ms: 1,
      does: async (world: World) => {
        const until = ms === undefined ? {} : { until: world.today + ms };
        // A store that still gathers after a loss refuses it in both worlds.
        await world.store.people
          .note(ANN, text === undefined ? {} : { text, ...until })
          .catch(() => undefined);
      },
    })),
  fc.constantFrom<string[]>(['g'], ['g', 'h'], []).map((groups) => ({
    ms: 1,
    does: async (world: World) => {
      await world.store.people.regroup(ANN, groups).catch(() => undefined);
    },
  })),
  fc.boolean().map((idle) => ({ ms: 1, does: (world: World) => world.bob(idle) })),
  fc.constant({ ms: LATE_MS + 1, does: (world: World) => world.late() }),
  fc.constant({ ms: 3 * INTERVAL_MS, does: (world: World) => world.lose() }),
);

/** Time passes from timer to timer, and everything that follows from one happens before the next. */
const advance = async (ms: number): Promise<void> => {
  let isOver = false;
  setTimeout(() => (isOver = true), ms);
  while (!isOver) {
    await vi.advanceTimersToNextTimerAsync();
    await turn();
  }
};

/** One history twice: the same services and the same time, and once somebody who hides, once one who says goodbye. */
describe('somebody hidden, beside the same person gone,', () => {
  beforeEach(freezeTime);
  afterEach(() => {
    vi.useRealTimers();
  });
  const open = rigs();

  it(
    'is the same on every surface, to the byte',
    async () => {
      let world: World | undefined;
      let membersSent = 0;
      // One server over the store of whichever world is asked.
      const store = new Proxy({} as PresenceStore, {
        get: (_none, name) => world && Reflect.get(world.store, name),
      });
      const { app } = await open({ store });
      const told = async (of: World): Promise<string> => {
        world = of;
        const answers = await Promise.all(
          READS.map(async (url) => {
            const { statusCode, body } = await app.inject({
              url,
              headers: { authorization: 'Bearer reader' },
            });
            return `${statusCode} ${body}`;
          }),
        );
        expect(answers.map((answer) => answer.slice(0, 3))).toEqual([...Array(9).fill('200'), '403']);
        const members = await of.store.groups.members(TENANT, 'g', 10);
        const reads = [
          ...answers,
          (await of.store.views.read(TENANT, ['ann', 'bob'])).map((view) => encodePresence(view)),
          members?.map((view) => encodePresence(view)).sort(),
        ];
        const sent = JSON.stringify(of.sent());
        if (sent.includes('type\\":\\"members')) membersSent += 1;
        return coarse(JSON.stringify([reads, sent]));
      };
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('tenant' as const, 'groups' as const),
          fc.array(
            fc.oneof(
              own.map((does) => ({ ms: 1, does })),
              common,
            ),
            { maxLength: 8 },
          ),
          fc.array(fc.tuple(fc.option(own), common), { maxLength: 10 }),
          async (policy, first, later) => {
            vi.clearAllTimers();
            const hidden = await World.start(policy);
            const gone = await World.start(policy);
            const both = [hidden, gone];
            /** Time passes in steps, and in both worlds at once. */
            const pass = async (ms: number): Promise<void> => {
              const steps = ms < 100 ? 1 : 8;
              for (let step = 0; step < steps; step += 1) {
                await advance(Math.ceil(ms / steps));
                for (const each of both) await each.sweep();
              }
            };
            await pass(1);
            for (const { ms, does } of first) {
              for (const each of both) await does?.(each);
              await pass(ms);
            }
            for (const each of both) await each.usesAll();
            await pass(POLICY.graceMs + 1);
            await hidden.hide();
            await gone.goodbye();
            await pass(1);
            expect(await told(hidden)).toBe(await told(gone));
            for (const [does, { ms, does: all }] of later) {
              await does?.(hidden);
              for (const each of both) await all?.(each);
              await pass(ms);
              expect(await told(hidden)).toBe(await told(gone));
            }
            const stopping = both.map((each) => each.stop());
            await advance(100);
            await Promise.all(stopping);
          },
        ),
        { numRuns: RUNS, ...SEED },
      );
      expect(membersSent, 'times that a list of members changed').toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
