import { describe, expect, it } from 'vitest';
import { encodePresence } from '../../../src/protocol/encode-presence.ts';
import { transitionEvent } from '../../../src/protocol/event.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import type { Entry } from '../../../src/store/port/reports.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
import fc from '../../support/fast-check.ts';
import { EPOCH, type FrozenStore, frozenMemory, POLICY } from '../../support/frozen-stores.ts';
import { entryOf } from '../../support/raw-store.ts';
import { READ_PATHS } from './read-paths.ts';
import { rigs } from './rig.ts';

const RUNS = Number(process.env['ROLLCALL_HIDDEN'] ?? 150);
/** Long runs are made by hand. */
const TIMEOUT_MS = 20_000 + RUNS * 250;
const TENANT = 'acme';
const ANN = { tenant: TENANT, user: 'ann' };
const SESSION = 's';
const NODES = ['n1.0', 'n2.0'] as const;

/** Versions and stamps as the milliseconds in which they were given: commands of nodes take some of the same clock. */
const coarse = (text: string): string => text.replaceAll(/(\d{13})\d{3}(?=[",}])/g, '$1');

/** One person, the service as it is without sockets, and a clock that goes when told to. */
class World {
  readonly #held = new Map<string, Partial<Entry>>();
  #hasSession = false;
  readonly #logged: number[] = [];
  #seq = 0;
  #ms = 0;
  readonly frozen: FrozenStore;

  constructor(frozen: FrozenStore) {
    this.frozen = frozen;
  }

  get store(): PresenceStore {
    return this.frozen.store;
  }

  async wait(ms: number): Promise<void> {
    this.#ms += ms;
    await this.frozen.setTime(this.#ms);
    for (let p = 0; p < this.store.partitions; p += 1) await this.store.upkeep.sweep(p, EPOCH + this.#ms);
  }

  async tell(node: string, more: Partial<Entry>, user = 'ann'): Promise<void> {
    if (user === 'ann') this.#held.set(node, more);
    const entry = entryOf(user, { graceMs: POLICY.graceMs, ...more });
    this.#seq += 1;
    const batch = { node, gen: this.frozen.gen, seen: 0, base: 0, seq: this.#seq, entries: [entry] };
    await this.store.reports.apply(this.store.partitionOf({ tenant: TENANT, user }), batch);
  }

  async session(): Promise<void> {
    this.#hasSession = true;
    await this.store.people.keepSession(ANN, SESSION, { ttlMs: 20_000, device: 'api' }, { iat: 0 });
  }

  /** Nodes tell of those in use here that they are, and no grace runs. */
  async usesAll(): Promise<void> {
    for (const [node, said] of this.#held)
      if ((said.count ?? 1) > 0 && said.idle !== true) await this.tell(node, { ...said, activeAgo: 0 });
    await this.wait(POLICY.graceMs + 1);
  }

  /** What is in use goes last: else the person would be seen `away` before they are seen to leave. */
  async goodbye(): Promise<void> {
    const bye = async (isIdle: boolean): Promise<void> => {
      for (const [node, { count = 1, idle = false }] of this.#held) {
        if (count === 0 || idle !== isIdle) continue;
        const activeAgo = idle ? -1 : POLICY.graceMs + 1;
        await this.tell(node, { count: 0, idle, activeAgo, openedAgo: -1 });
      }
    };
    await bye(true);
    if (this.#hasSession) await this.store.people.endSession(ANN, SESSION);
    await bye(false);
  }

  async hide(): Promise<void> {
    await this.store.people.claimOwn(ANN, { status: 'invisible' });
  }

  /**
   * What anybody else is told: the answers of the service, what watchers of a group or of users begin with, and since it was
   * asked last the events as they are sent.
   */
  async told(call: (url: string) => Promise<string>): Promise<string> {
    const { store } = this;
    const members = await store.groups.members(TENANT, 'g', 10);
    const answers = await Promise.all(READ_PATHS.map(call));
    expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
    const reads = [
      ...answers,
      (await store.views.read(TENANT, ['ann', 'bob'])).map((view) => encodePresence(view)),
      members?.map((view) => encodePresence(view)).sort(),
    ];
    const logs = await this.frozen.log();
    const news = logs.flatMap((log, p) => {
      const from = this.#logged[p] ?? 0;
      this.#logged[p] = log.length;
      return log.slice(from).flatMap(shownBy);
    });
    return coarse(JSON.stringify([reads, news]));
  }
}

/** What of an entry reaches anybody but the person's own connections. */
const shownBy = (entry: LogEntry): unknown[] => {
  if (entry.kind === 'transition') return [transitionEvent(entry.transition)];
  if (entry.kind === 'place') return [entry.place];
  return entry.command.type === 'groups' ? [entry.command.view] : [];
};

type Move = (world: World) => Promise<void>;

const node = fc.constantFrom(...NODES);
const said = fc.record({
  activeAgo: fc.constantFrom(-1, 0, 500),
  idle: fc.boolean(),
  openedIdle: fc.boolean(),
  iat: fc.constantFrom(0, 5, 9),
  name: fc.constantFrom('Ann', 'A.'),
  groups: fc.constantFrom(['g'], ['g', 'h'], []),
});

/** What the person and their devices do: renewals, openings, closes with and without a grace, sessions, activity. */
const own = fc.oneof(
  fc.tuple(node, said).map(
    ([at, more]): Move =>
      (world) =>
        world.tell(at, more),
  ),
  fc.tuple(node, fc.constantFrom(-1, 0)).map(
    ([at, closedAgo]): Move =>
      (world) =>
        world.tell(at, { count: 0, closedAgo, activeAgo: 0, openedAgo: 10 }),
  ),
  fc.constant<Move>((world) => world.session()),
  fc.constant<Move>(async (world) => {
    await world.store.people.touch(ANN, { iat: 9, name: 'Annie', groups: ['h'] });
  }),
);

/** What others and time do: services, a colleague, limits, the retention. */
const common = fc.oneof(
  fc.constantFrom(1, 400, POLICY.graceMs, POLICY.idleAwayMs, POLICY.idleOfflineMs, POLICY.retentionMs).map(
    (ms): Move =>
      (world) =>
        world.wait(ms),
  ),
  fc.constantFrom('busy' as const, 'away' as const, null).map(
    (status): Move =>
      async (world) => {
        const claim = status && { status, priority: 150, until: EPOCH + 2 * POLICY.retentionMs };
        await world.store.people.claim(ANN, 'calendar', claim);
      },
  ),
  fc.boolean().map(
    (idle): Move =>
      (world) =>
        world.tell('n1.0', { idle, groups: ['g'], iat: 3 }, 'bob'),
  ),
);

/** One history twice: the same services and the same time, and once somebody who hides, once one who says goodbye. */
describe('somebody hidden, beside the same person gone,', () => {
  const open = rigs();

  it(
    'is the same in every read, page, count, member list and event, to the byte',
    async () => {
      let world: World | undefined;
      // One server over the store of whichever world is asked.
      const store = new Proxy({} as PresenceStore, {
        get: (_none, name) => {
          const asked = world?.store as unknown as Record<string | symbol, unknown>;
          const value = asked[name];
          return typeof value === 'function' ? value.bind(asked) : value;
        },
      });
      const { app } = await open({ store });
      const told = async (of: World): Promise<string> => {
        world = of;
        return of.told(async (url) => {
          const { statusCode, body } = await app.inject({ url, headers: { authorization: 'Bearer reader' } });
          return `${statusCode} ${body}`;
        });
      };
      const before = fc.array(fc.oneof(own, common), { maxLength: 8 });
      const then = fc.array(fc.tuple(fc.option(own), common), { maxLength: 10 });
      await fc.assert(
        fc.asyncProperty(before, then, async (first, later) => {
          const [hidden, gone] = [new World(await frozenMemory()), new World(await frozenMemory())];
          for (const world of [hidden, gone]) {
            for (const move of first) {
              await move(world);
              await world.wait(1);
            }
            await world.usesAll();
          }
          await hidden.hide();
          await gone.goodbye();
          expect(await told(hidden)).toBe(await told(gone));
          for (const [does, both] of later) {
            await does?.(hidden);
            for (const world of [hidden, gone]) {
              await both(world);
              await world.wait(1);
            }
            expect(await told(hidden)).toBe(await told(gone));
          }
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
