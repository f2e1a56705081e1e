import { describe, expect, it } from 'vitest';
import type { Watcher } from '../../../src/fanout/fanout.ts';
import fc from '../../support/fast-check.ts';
import { type FakeSink, Rig, settle } from './rig.ts';

const PLACES = ['doc', 'board'] as const;
const USERS = ['ann', 'bob', 'carl', 'dora', 'eve'] as const;
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ...{ ann: ['g1'], bob: ['g2'], carl: ['g1', 'g2'], dora: [], eve: ['g1'] },
};

interface PlaceFrame {
  readonly type: string;
  readonly place: string;
  readonly users?: readonly { user: string; data?: { n: number }; ver: number }[];
  readonly left?: readonly { user: string; ver: number }[];
  readonly snapshot?: true;
  readonly more?: true;
}

/** A client: draws the list of each place from frames alone. */
class Client {
  readonly held = new Map<string, Map<string, number>>();
  readonly watched = new Set<string>();
  readonly findings: string[] = [];
  readonly sink: FakeSink;
  readonly watcher: Watcher;
  readonly #arriving = new Map<string, Map<string, number>>();

  constructor(rig: Rig, isFiltered: boolean) {
    const viewer = { self: 'me', users: true, everyone: !isFiltered, groups: ['g1'], sharedOnly: isFiltered };
    const { sink, watcher } = rig.connect('acme', viewer);
    this.sink = sink;
    this.watcher = watcher;
    sink.onFrame = (frame) => this.#take(frame as unknown as PlaceFrame);
  }

  #take({ type, place, users = [], left = [], snapshot, more }: PlaceFrame): void {
    if (type !== 'place') return;
    if (snapshot) {
      const members = this.#arriving.get(place) ?? new Map<string, number>();
      for (const { user, ver } of users) members.set(user, ver);
      this.#arriving.set(place, members);
      if (more) return;
      this.#arriving.delete(place);
      this.held.set(place, members);
      return;
    }
    const held = this.held.get(place);
    if (held === undefined) {
      this.findings.push(`a change of ${place} before its snapshot`);
      return;
    }
    for (const { user, ver } of users) {
      if (ver < (held.get(user) ?? 0)) this.findings.push(`${user}@${ver} after ${held.get(user)}`);
      held.set(user, ver);
    }
    for (const { user, ver } of left) if (ver > (held.get(user) ?? 0)) held.delete(user);
  }

  forget(place: string): void {
    this.held.delete(place);
    this.#arriving.delete(place);
  }
}

/** Answers what is asked, until all watches are answered. */
const answered = async (rig: Rig, work: ReadonlySet<unknown>): Promise<void> => {
  for (let round = 0; work.size > 0; round += 1) {
    if (round > 100) throw new Error('a watch is never answered');
    rig.store.answerAll();
    rig.time.advance(50);
    await settle();
  }
};

const place = fc.constantFrom(...PLACES);
const user = fc.constantFrom(...USERS);
const who = fc.nat(2);
/** Losses are rare: what is read again after one hides what went wrong before. */
const rarely = fc.integer({ min: 0, max: 79 }).map((n) => n === 0);
const step = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), place, user, isLost: rarely }),
  fc.record({ kind: fc.constant('leave' as const), place, user, isLost: rarely }),
  fc.record({ kind: fc.constant('watch' as const), who, place }),
  fc.record({ kind: fc.constant('unwatch' as const), who, place }),
  fc.record({ kind: fc.constant('block' as const), who, on: fc.boolean() }),
  fc.record({ kind: fc.constant('answer' as const), isOld: fc.boolean() }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 20, 300, 1500) }),
  fc.record({ kind: fc.constant('reset' as const), isMeant: rarely }),
);

describe('any order of entering, leaving, watching, late readings, lost events and slow sockets', () => {
  for (const policy of ['tenant', 'groups'] as const) {
    it(`lets every client draw who is there in the end (policy ${policy})`, async () => {
      const steps = fc.array(step, { minLength: 5, maxLength: 60 });
      const property = fc.asyncProperty(steps, fc.constantFrom(0, 20), async (history, fanoutWindowMs) => {
        const rig = new Rig({
          settings: { watchPolicy: policy, placeWatchMax: 50, fanoutWindowMs },
          tuning: { frameUsers: 2, bufferLimit: 0, retryMinMs: 10, retryMaxMs: 50 },
        });
        rig.store.auto = false;
        const clients = [0, 1, 2].map((n) => new Client(rig, policy === 'groups' && n > 0));
        const work = new Set<Promise<void>>();
        let ver = 0;
        let isMissing = false;
        const change = (at: string, id: string, isIn: boolean, isLost: boolean): void => {
          const here = rig.store.inPlaces.get(at)?.has(id) === true;
          if (!isIn && !here) return;
          ver += 1;
          const listeners = [...rig.feed.listeners];
          if (isLost) rig.feed.listeners.clear();
          if (isIn) rig.enters(at, id, ver, `{"n":${ver}}`, GROUPS[id]);
          else rig.leaves(at, id, ver);
          for (const listener of listeners) rig.feed.listeners.add(listener);
          isMissing ||= isLost;
        };
        for (const one of history) {
          if (one.kind === 'enter') change(one.place, one.user, true, one.isLost);
          if (one.kind === 'leave') change(one.place, one.user, false, one.isLost);
          if (one.kind === 'watch') {
            const client = clients[one.who] as Client;
            client.watched.add(one.place);
            const watch: Promise<void> = client.watcher
              .watch({ places: [one.place] })
              .catch((error: Error) => void client.findings.push(error.message))
              .finally(() => work.delete(watch));
            work.add(watch);
          }
          if (one.kind === 'unwatch') {
            const client = clients[one.who] as Client;
            // A watch that is under way is not taken back: a client waits for its answer first.
            await answered(rig, work);
            client.watcher.unwatch({ places: [one.place] });
            client.watched.delete(one.place);
            client.forget(one.place);
          }
          if (one.kind === 'block') {
            const { sink } = clients[one.who] as Client;
            sink.blocked = one.on;
            if (!one.on) sink.buffered = 0;
          }
          if (one.kind === 'answer') {
            const call = rig.store.open[0];
            if (one.isOld) call?.answerOld();
            else call?.answer();
          }
          if (one.kind === 'advance') rig.time.advance(one.ms);
          if (one.kind === 'reset' && one.isMeant) {
            rig.reset(0);
            isMissing = false;
          }
          await settle();
        }
        if (isMissing) rig.reset(0);
        for (const { sink } of clients) {
          sink.blocked = false;
          sink.buffered = 0;
        }
        for (let round = 0; round < 12; round += 1) {
          rig.time.advance(700);
          rig.store.answerAll();
          await settle();
        }
        for (const [n, client] of clients.entries()) {
          expect(client.findings, `client ${n}`).toEqual([]);
          for (const at of client.watched) {
            const maySee = (id: string): boolean =>
              policy === 'tenant' || n === 0 || GROUPS[id]?.includes('g1') === true;
            const truth = [...(rig.store.inPlaces.get(at)?.values() ?? [])].filter((m) => maySee(m.user));
            const expected = Object.fromEntries(truth.map((m) => [m.user, m.ver]));
            const drawn = Object.fromEntries(client.held.get(at) ?? []);
            expect(drawn, `client ${n} in ${at}`).toEqual(expected);
          }
        }
        expect(rig.logged).toEqual([]);
      });
      await fc.assert(property, { numRuns: Number(process.env['ROLLCALL_PLACES'] ?? 150) });
    });
  }
});
