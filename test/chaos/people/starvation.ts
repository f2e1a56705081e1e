import { readFileSync } from 'node:fs';
import type { FaultRecord, Scope } from '../history/history.ts';
import { clock, type Recorder } from '../history/recorder.ts';

/** A process that waited for a processor this share of the time was as good as stopped. */
const SHARE = 0.5;
/** Stretches closer than this are one, ms. */
const JOINED_MS = 1_000;

interface Seen {
  readonly at: number;
  readonly waitedMs: number;
}

/**
 * Writes down as a fault when a busy machine kept a process waiting: the kernel counts the time in which its main thread
 * wanted to run and could not.
 */
export class Starvation {
  readonly #recorder: Recorder;
  readonly #seen = new Map<number, Seen>();
  readonly #faults = new Map<number, FaultRecord>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  look(name: string, pid: number, scope: Scope, slots: readonly number[]): void {
    const before = this.#seen.get(pid);
    const waitedMs = waited(pid);
    const at = clock();
    if (waitedMs === undefined) return;
    this.#seen.set(pid, { at, waitedMs });
    if (before === undefined || waitedMs - before.waitedMs < SHARE * (at - before.at)) return;
    const last = this.#faults.get(pid);
    if (last !== undefined && before.at - last.to < JOINED_MS) {
      last.to = at;
      return;
    }
    const fault = this.#recorder.fault(`machine too busy for ${name}`, scope, slots);
    Object.assign(fault, { from: before.at, to: at });
    this.#faults.set(pid, fault);
  }
}

/** How long the main thread has waited for a processor so far, ms; undefined where nobody counts. */
const waited = (pid: number): number | undefined => {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return undefined;
  }
};
