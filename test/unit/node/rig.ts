import { vi } from 'vitest';
import { subOf } from '../../../src/domain/model.ts';
import { Evictions } from '../../../src/node/evictions.ts';
import { Flusher, type FlushOutcome } from '../../../src/node/flusher.ts';
import { KnownViews } from '../../../src/node/known-views.ts';
import { Observers } from '../../../src/node/observers.ts';
import type { PartitionState } from '../../../src/node/partition-state.ts';
import { Roster } from '../../../src/node/roster.ts';
import type { RosterOptions } from '../../../src/node/roster-options.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { BeatReply } from '../../../src/store/port/leases.ts';
import { beaten, contextOf, FakeStore } from './fakes.ts';

export const TTL_MS = 6000;
export const GRACE_MS = 5000;
export const DRAIN_GRACE_MS = 15_000;
export const AWAY_MS = 300_000;
export const COMMAND_MS = 2000;

const now = (): number => performance.now();

/** Timers and clocks stand until a test moves them; turns of the loop go on. */
export const freezeTime = (): void => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
};

/** What was asked for in this turn of the loop happens, and what follows from it at once. */
export const turn = async (): Promise<void> => {
  for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Time passes in steps, and everything that follows from each happens in between. */
export const pass = async (ms: number, stepMs = 10): Promise<void> => {
  for (let left = ms; left > 0; left -= stepMs) {
    await vi.advanceTimersByTimeAsync(Math.min(stepMs, left));
    await turn();
  }
};

/** A roster and a flusher over a scripted store, whose beats the test makes. */
export class Rig {
  readonly store: FakeStore;
  readonly metrics = createMetrics();
  readonly states: readonly PartitionState[];
  readonly refused: number[] = [];
  readonly stuck: boolean[] = [];
  readonly flusher: Flusher;
  readonly roster: Roster;
  readonly evictions: Evictions;
  readonly observers: Observers;
  readonly learnt: [user: string, at: number][] = [];
  storeAnswers = true;
  readonly knownViews = new KnownViews();

  constructor(partitions = 1, over: Partial<RosterOptions> = {}) {
    this.store = new FakeStore(partitions);
    const context = contextOf(this.store, { ttlMs: TTL_MS, metrics: this.metrics });
    this.states = context.partitions.list;
    this.flusher = new Flusher(context, this.store);
    this.flusher.onOutcome((outcome) => this.#flushed(outcome));
    const isDegraded = (): boolean => !this.storeAnswers;
    this.roster = new Roster(context, {
      flusher: this.flusher,
      health: {
        get degraded() {
          return isDegraded();
        },
      },
      knownViews: this.knownViews,
      people: { note: async () => Promise.reject(new Error('not here')) },
      graceMs: GRACE_MS,
      drainGraceMs: DRAIN_GRACE_MS,
      idleAwayMs: AWAY_MS,
      commandTimeoutMs: COMMAND_MS,
      ...over,
    });
    this.observers = new Observers(this.roster);
    this.evictions = new Evictions({
      roster: this.roster,
      observers: this.observers,
      partitions: context.partitions,
      revocations: { learn: (owner, at) => this.learnt.push([subOf(owner), at]) },
    });
    for (const { partition } of this.states) this.beat(partition);
  }

  #flushed(outcome: FlushOutcome): void {
    switch (outcome.type) {
      case 'stored':
        this.roster.places.stored(outcome.holding, outcome.places);
        this.roster.stored(outcome.holding, outcome.self, outcome.tookOver);
        break;
      case 'ended':
        this.evictions.ended(outcome.holding, outcome.how);
        break;
      case 'revoked':
        this.evictions.refused(outcome.holding.ref, outcome.at);
        break;
      case 'refused':
        this.refused.push(outcome.state.partition);
        break;
      case 'stuck':
        this.stuck.push(this.flusher.isStuck(outcome.state.partition));
        break;
    }
  }

  state(partition: number): PartitionState {
    const state = this.states[partition];
    if (!state) throw new RangeError(`no partition ${partition}`);
    return state;
  }

  /** A beat of a partition is answered. */
  beat(partition = 0, over: Partial<BeatReply> = {}): void {
    const clock = 1000 + Math.floor(now() * 1000);
    this.state(partition).answered(beaten({ clock, micros: clock, ...over }), now(), now());
    this.flusher.wake(partition);
  }

  stop(): void {
    this.flusher.stop();
    this.roster.stop();
  }

  /** The value of a metric without labels. */
  async metric(name: 'dirty' | 'users'): Promise<number | undefined> {
    return (await this.metrics[name].get()).values[0]?.value;
  }
}
