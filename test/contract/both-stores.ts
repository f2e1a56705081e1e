import { afterEach, beforeEach, describe } from 'vitest';
import type { UserRef, View } from '../../src/domain/model.ts';
import type { LogEntry } from '../../src/store/log-entry.ts';
import type { ApplyReply, Entry } from '../../src/store/port/reports.ts';
import type { PresenceStore } from '../../src/store/presence-store.ts';
import { EPOCH, type FrozenStore, frozenMemory, frozenRedis, POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { useRedis } from './use-redis.ts';

export const TENANT = 'acme';
/** Whatever is a valid id must come back as it went in. */
export const ODD_IDS = [
  'a:b',
  ':',
  'ünï',
  '🚲',
  'a b',
  '"quoted"',
  "it's \\ /",
  '{p0}',
  '*',
  '[a]',
  '-',
  '(x',
  '%25',
  '0',
  ' ',
] as const;

export type Stored = ApplyReply & { readonly result: 'ok' };

/** A store of either kind, and nodes that write to it. */
export class Subject {
  #frozen: FrozenStore | undefined;
  #seq = 0;

  open(frozen: FrozenStore): void {
    this.#frozen = frozen;
    this.#seq = 0;
  }

  get frozen(): FrozenStore {
    if (!this.#frozen) throw new Error('no store is open');
    return this.#frozen;
  }

  get store(): PresenceStore {
    return this.frozen.store;
  }

  /** What a node knows of some users, a batch for each partition; returns the answers in the order of partitions. */
  async tell(node: string, ...entries: Entry[]): Promise<Stored[]> {
    const { store, gen } = this.frozen;
    const replies: Stored[] = [];
    for (let p = 0; p < store.partitions; p += 1) {
      const some = entries.filter((entry) => store.partitionOf(entry) === p);
      if (some.length === 0) continue;
      this.#seq += 1;
      const reply = await store.reports.apply(p, {
        node,
        gen,
        seen: 0,
        base: 0,
        seq: this.#seq,
        entries: some,
      });
      if (reply.result !== 'ok') throw new Error(`refused: ${reply.result}`);
      replies.push(reply);
    }
    return replies;
  }

  /** A connection opens now, in use. */
  opens(node: string, user: string, more: Partial<Entry> = {}): Promise<Stored[]> {
    return this.tell(node, entryOf(user, { activeAgo: 0, graceMs: POLICY.graceMs, ...more }));
  }

  async view(user: string): Promise<View> {
    return (await this.store.views.readSelf(ref(user))).view;
  }

  /** Everything logged, over all partitions, in the order in which it happened. */
  async entries(): Promise<LogEntry[]> {
    return (await this.frozen.log()).flat().sort((a, b) => a.id - b.id);
  }

  /** User, status and reason of every transition. */
  async story(): Promise<string[]> {
    return (await this.entries()).flatMap((e) =>
      e.kind === 'transition' ? [`${e.transition.user} ${e.transition.status} ${e.transition.reason}`] : [],
    );
  }

  async sweepAll(): Promise<number> {
    let swept = 0;
    for (let p = 0; p < this.store.partitions; p += 1)
      swept += (await this.store.upkeep.sweep(p, EPOCH + 1e9)).swept;
    return swept;
  }
}

export const ref = (user: string): UserRef => ({ tenant: TENANT, user });

/** Describes what every implementation of the port promises, whatever it is made of. */
export const describeBothStores = (define: (subject: Subject) => void, only = ''): void => {
  const server = useRedis();
  let serial = 0;
  const stores = [
    { name: 'memory', open: () => frozenMemory() },
    { name: 'redis', open: () => frozenRedis(server.url(), `port-${process.pid}-${serial++}`) },
  ];
  describe.each(stores.filter(({ name }) => name.startsWith(only)))('the $name store', ({ open }) => {
    const subject = new Subject();
    beforeEach(async () => subject.open(await open()));
    afterEach(() => subject.frozen.stop());
    define(subject);
  });
};
