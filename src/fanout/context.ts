import type { DueQueue } from '../time/due-queue.ts';
import type { Timing } from '../time/timing.ts';
import type { Encoder } from './encoder.ts';
import type { FanoutLog } from './fanout-log.ts';
import type { Meter } from './meter.ts';

/** Something with a window of its own: called when it ends. */
export interface Windowed {
  windowEnded(now: number): void;
}

/** Something that waits for its socket to be read: called to look again. */
export interface Stalled {
  lookAgain(now: number): void;
}

/** Sizes and periods that are no settings. Tests make them small. */
export interface Tuning {
  /** A connection with more unread bytes than this gets nothing: what changes meanwhile is conflated. */
  readonly bufferLimit: number;
  /** Most users, and about the most characters, of one presence frame. */
  readonly frameUsers: number;
  readonly frameChars: number;
  /** How often a connection that does not read is looked at, should its `drained` never come, ms. */
  readonly stallCheckMs: number;
  /** How long a frame is kept after it was made, ms. */
  readonly frameKeepMs: number;
  /** How long to wait for the event of a change that a read showed first, ms. A feed repairs itself sooner. */
  readonly eventWaitMs: number;
  /** Users of one page when the present users of a tenant are read. */
  readonly pageSize: number;
  /** After a loss of data: users a read, reads at once, the longest wait before the first, and between attempts, ms. */
  readonly resyncBatch: number;
  readonly resyncReads: number;
  readonly resyncJitterMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/** Unread bytes of one connection up to which it is written to. */
export const BUFFER_LIMIT = 64 * 1024;

export const DEFAULT_TUNING: Tuning = {
  bufferLimit: BUFFER_LIMIT,
  frameUsers: 500,
  frameChars: 64 * 1024,
  stallCheckMs: 250,
  frameKeepMs: 1000,
  eventWaitMs: 15_000,
  pageSize: 500,
  resyncBatch: 200,
  resyncReads: 4,
  resyncJitterMs: 1000,
  retryMinMs: 100,
  retryMaxMs: 2000,
};

/** What all connections of a node share. */
export interface FanoutContext {
  readonly timing: Timing;
  readonly tuning: Tuning;
  /** 0: no windows, every change is a frame of its own. */
  readonly windowMs: number;
  /** The policy lets people see only those they share a group with: their groups have to be known. */
  readonly sharedOnly: boolean;
  readonly windows: DueQueue<Windowed>;
  readonly stalls: DueQueue<Stalled>;
  readonly encoder: Encoder;
  readonly meter: Meter;
  readonly log: FanoutLog;
}
