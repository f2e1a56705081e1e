import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Presence as Told } from '../../support/frames.ts';
import type { Issuer } from '../../support/tokens.ts';
import { clock, type Recorder } from '../history/recorder.ts';
import type { Random } from '../random.ts';
import type { ChaosStore } from '../world/chaos-store.ts';
import type { Slot } from '../world/slot.ts';
import { ChaosWatcher } from './chaos-watcher.ts';
import { LogTail } from './log-tail.ts';
import { Starvation } from './starvation.ts';

export interface ObserversOptions {
  readonly slots: readonly Slot[];
  readonly store: ChaosStore;
  readonly prefix: string;
  readonly partitions: number;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly issuer: Issuer;
}

const TAIL_MS = 80;
const STARVATION_MS = 200;
const READ_USERS = 20;
const READY_MS = 250;

/** Everybody who looks on: watchers on every node, readers of the log, reads over HTTP, and a look at the memory. */
export class Observers {
  readonly watchers: ChaosWatcher[] = [];
  readonly #options: ObserversOptions;
  readonly #stop = new AbortController();
  readonly #tail: LogTail;
  readonly #backend: LogTail;
  readonly #seen = new Set<string>();
  #loops: Promise<unknown>[] = [];
  #readToken = '';

  constructor(options: ObserversOptions) {
    this.#options = options;
    const { recorder, store, prefix, partitions } = options;
    const shared = { client: store.client, prefix, partitions };
    this.#tail = new LogTail({
      ...shared,
      onEntry: (entry) => {
        const key = `${entry.partition} ${entry.id} ${entry.user}`;
        if (this.#seen.has(key)) return;
        this.#seen.add(key);
        recorder.log.push({ ...entry, seenAt: clock(), at: entry.id / 1_000 });
      },
      onReset: () => undefined,
    });
    this.#backend = new LogTail({
      ...shared,
      onEntry: ({ partition, user, ver, id }) =>
        recorder.cursorReads.push({ kind: 'read', at: clock(), partition, user, ver, id }),
      onReset: (partition, cursor) =>
        recorder.cursorReads.push({ kind: 'reset', at: clock(), partition, cursor }),
    });
  }

  async start(): Promise<void> {
    const { slots, issuer, recorder, random } = this.#options;
    this.#readToken = await issuer.token({ sub: 'reader', scope: 'read' }, { issuedInSeconds: -90 });
    for (const slot of slots) {
      const claims = (name: string) => ({ sub: `watcher-${name}`, scope: 'connect watch watch:tenant' });
      for (const [name, users] of [
        [`tenant-watcher ${slot.index}`, undefined],
        [`list-watcher ${slot.index}`, recorder.users],
      ] as const) {
        const token = await issuer.token(claims(name.replace(' ', '-')), { issuedInSeconds: -90 });
        const watcher = new ChaosWatcher({ name, slot, token, recorder, ...(users && { users }) });
        this.watchers.push(watcher);
        watcher.start();
      }
    }
    const draw = random.fork('observers');
    this.#loops = [
      this.#every(TAIL_MS, () => this.#tail.poll()),
      this.#every(
        () => draw.between(100, 3_000),
        () => this.#backend.poll(),
      ),
      this.#every(200, () => this.#read(draw)),
      this.#every(1_000, () => this.#weigh()),
      ...this.#options.slots.map((each) => this.#every(READY_MS, () => this.#askReadiness(each))),
      this.#every(
        () => draw.between(2_000, 6_000),
        () => this.#tire(draw),
      ),
      this.#watchTheMachine(),
    ];
  }

  /** Reads both logs to their end. */
  async finish(): Promise<void> {
    await this.#tail.poll();
    await this.#backend.poll();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const watcher of this.watchers) watcher.stop();
    await Promise.all(this.#loops);
  }

  async #every(period: number | (() => number), act: () => Promise<void> | void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await act();
      const ms = typeof period === 'number' ? period : period();
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(random: Random): Promise<void> {
    const { slots, recorder } = this.#options;
    const open = slots.filter((slot) => slot.isOpen && !slot.isPaused);
    if (open.length === 0) return;
    const slot = random.pick(open);
    const users = random.shuffled(recorder.users).slice(0, READ_USERS);
    const askedAt = clock();
    try {
      const response = await fetch(`${slot.node.httpUrl}/v1/presence/batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#readToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ users }),
        signal: AbortSignal.timeout(2_000),
      });
      if (response.status !== 200) return;
      const answer = (await response.json()) as { users: Told[] };
      const answeredAt = clock();
      for (const { user, status } of answer.users)
        recorder.reads.push({ askedAt, answeredAt, slot: slot.index, user, status });
    } catch {
      // A node that dies or sleeps answers nothing, which is no wrong answer.
    }
  }

  async #askReadiness({ index, isOpen, isPaused, node }: Slot): Promise<void> {
    if (!isOpen || isPaused || !node.running) return;
    const askedAt = clock();
    try {
      const { status } = await fetch(`${node.adminUrl}/readyz`, { signal: AbortSignal.timeout(1_000) });
      this.#options.recorder.readiness.push({ askedAt, at: clock(), slot: index, isReady: status === 200 });
    } catch {
      // A node that dies or sleeps says nothing.
    }
  }

  #weigh(): void {
    const { slots, recorder } = this.#options;
    for (const { index, isOpen, node } of slots) {
      if (!isOpen || !node.running) continue;
      try {
        const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8')) ?? [];
        recorder.memory.push({ at: clock(), slot: index, rss: Number(kb) * 1_024 });
      } catch {
        // It has just died, or this is no Linux.
      }
    }
  }

  /** Some watcher stops reading for a moment. */
  #tire(random: Random): void {
    random.pick(this.watchers).sleep(random.between(200, 900));
  }

  /** What was late because the machine had no time for it is not the service's doing. */
  async #watchTheMachine(): Promise<void> {
    const { recorder, slots, store } = this.#options;
    const starvation = new Starvation(recorder);
    await this.#every(STARVATION_MS, async () => {
      starvation.look('this process', process.pid, 'store', []);
      for (const { index, isOpen, isPaused, node } of slots)
        if (isOpen && !isPaused && node.running) starvation.look(`node ${index}`, node.pid, 'node', [index]);
      for (const server of await store.masters().catch(() => []))
        if (server.running) starvation.look('Redis', server.pid, 'store', []);
    });
  }
}
