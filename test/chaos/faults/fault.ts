import { setTimeout as sleep } from 'node:timers/promises';
import type { TopologyKind } from '../../support/topologies/redis-topology.ts';
import type { Recorder } from '../history/recorder.ts';
import type { Random } from '../random.ts';
import type { Slot } from '../world/slot.ts';
import type { World } from '../world/world.ts';

/** What a fault may use. It writes down when it begins and ends, and leaves everything as it was. */
export interface FaultContext {
  readonly world: World;
  readonly recorder: Recorder;
  readonly random: Random;
  /** The node that it may break; no other fault has it meanwhile. */
  readonly slot: Slot;
}

export interface Fault {
  readonly kind: string;
  readonly weight: number;
  /** What it breaks: two at the same time must not break the same. */
  readonly needs: 'node' | 'store' | 'all';
  /** The topologies that can have it; absent: all. */
  readonly suits?: readonly TopologyKind[];
  run(context: FaultContext): Promise<void>;
}

export const forMs = (ms: number): Promise<void> => sleep(ms);
