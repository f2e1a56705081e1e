import type {
  ClaimRecord,
  ConnectionRecord,
  CursorRecord,
  FaultRecord,
  History,
  LogRecord,
  MemoryRecord,
  ReadinessRecord,
  ReadRecord,
  Scope,
  ShownRecord,
  WatcherRecord,
} from './history.ts';

/** ms since the epoch with a fraction; never steps. */
export const clock = (): number => performance.timeOrigin + performance.now();

/** Writes the history of a run. */
export class Recorder implements History {
  readonly begunAt = clock();
  endedAt = Number.POSITIVE_INFINITY;
  readonly damping?: NonNullable<History['damping']>;
  readonly users: string[] = [];
  readonly connections: ConnectionRecord[] = [];
  readonly claims: ClaimRecord[] = [];
  readonly faults: FaultRecord[] = [];
  readonly watchers: WatcherRecord[] = [];
  readonly shown: ShownRecord[] = [];
  readonly log: LogRecord[] = [];
  readonly cursorReads: CursorRecord[] = [];
  readonly reads: ReadRecord[] = [];
  readonly memory: MemoryRecord[] = [];
  readonly readiness: ReadinessRecord[] = [];

  constructor(damping?: History['damping']) {
    if (damping !== undefined) this.damping = damping;
  }

  dial(user: string, slot: number): ConnectionRecord {
    const record: ConnectionRecord = { id: this.connections.length, user, slot, dialAt: clock() };
    this.connections.push(record);
    return record;
  }

  watcher(name: string, slot: number): WatcherRecord {
    const id = this.watchers.length;
    const record: WatcherRecord = { id, name, slot, openAt: clock(), silences: [], degraded: [] };
    this.watchers.push(record);
    return record;
  }

  /** A fault begins; it lasts until its `to` is set. */
  fault(kind: string, scope: Scope, slots: readonly number[] = []): FaultRecord {
    const record: FaultRecord = {
      id: this.faults.length,
      kind,
      scope,
      slots,
      from: clock(),
      to: Number.POSITIVE_INFINITY,
    };
    this.faults.push(record);
    return record;
  }
}
