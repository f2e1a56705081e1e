import type { StoreMs } from '../../domain/clock.ts';

/** The work on a partition that time makes due: any node may do it at any time, several at once. */
export interface Upkeep {
  /** Fences nodes whose lease ended and clears their connections; returns how many connections went. */
  reap(partition: number): Promise<ReapReply>;
  /**
   * Evaluates users whose deadline passed; returns how many, and whether more are due at once.
   * @param time - the partition's time as this node estimates it: where to look, and how late the call came, by which
   * graces are extended; it ends nothing.
   */
  sweep(partition: number, time: StoreMs): Promise<SweepReply>;
}

export interface ReapReply {
  readonly fenced: number;
  readonly users: number;
}

export interface SweepReply {
  readonly swept: number;
  readonly more: boolean;
}
