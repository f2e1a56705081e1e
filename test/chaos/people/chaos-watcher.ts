import { WebSocket } from 'ws';
import type { ServerFrame } from '../../support/frames.ts';
import type { Status, WatcherRecord } from '../history/history.ts';
import { clock, type Recorder } from '../history/recorder.ts';
import type { Slot } from '../world/slot.ts';

export interface WatcherOptions {
  readonly name: string;
  readonly slot: Slot;
  readonly token: string;
  readonly recorder: Recorder;
  /** Whom to watch; absent: the whole tenant. */
  readonly users?: readonly string[];
}

const RETRY_MS = 150;

/** Watches everybody through one node, and dials again whenever that ended. */
export class ChaosWatcher {
  readonly #options: WatcherOptions;
  #socket: WebSocket | undefined;
  #record: WatcherRecord | undefined;
  #retry: NodeJS.Timeout | undefined;
  #degraded = false;
  #stopped = false;
  /** Newest status of everybody, for {@link shows}. */
  readonly #shown = new Map<string, Status>();

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isReady(): boolean {
    return this.#record?.readyAt !== undefined && this.#record.endAt === undefined;
  }

  get isDegraded(): boolean {
    return this.#degraded;
  }

  shows(user: string): Status {
    return this.#shown.get(user) ?? 'offline';
  }

  start(): void {
    if (this.#stopped) return;
    const { slot, token, recorder, name } = this.#options;
    if (!slot.isOpen) {
      this.#again();
      return;
    }
    const socket = new WebSocket(slot.node.wsUrl, {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      handshakeTimeout: 3_000,
    });
    const record = recorder.watcher(name, slot.index);
    this.#socket = socket;
    this.#record = record;
    this.#shown.clear();
    this.#degraded = false;
    socket.on('message', (data: Buffer) => this.#hear(record, JSON.parse(data.toString()) as ServerFrame));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      record.endAt = clock();
      this.#again();
    });
  }

  /** Does not read for a while: a slow network, a sleeping laptop. */
  sleep(ms: number): void {
    const record = this.#record;
    const socket = this.#socket;
    if (record === undefined || socket?.readyState !== WebSocket.OPEN) return;
    const silence = { from: clock(), to: clock() + ms };
    record.silences.push(silence);
    socket.pause();
    setTimeout(() => {
      silence.to = clock();
      socket.resume();
    }, ms);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#socket?.removeAllListeners('close');
    this.#socket?.terminate();
  }

  #hearDegraded({ degraded }: WatcherRecord, isOn: boolean, at: number): void {
    const last = degraded.at(-1);
    if (isOn && !this.#degraded) degraded.push({ from: at, to: Number.POSITIVE_INFINITY });
    else if (!isOn && last !== undefined) last.to = Math.min(last.to, at);
    this.#degraded = isOn;
  }

  #again(): void {
    if (!this.#stopped) this.#retry = setTimeout(() => this.start(), RETRY_MS);
  }

  #watch(): void {
    const { users } = this.#options;
    const what = users === undefined ? { tenant: true } : { users };
    this.#socket?.send(JSON.stringify({ type: 'watch', ...what, ref: 'all' }));
  }

  #hear(record: WatcherRecord, frame: ServerFrame): void {
    const at = clock();
    if (frame.type === 'welcome') this.#watch();
    // A node that cannot tell yet says so: asked again until it can.
    if (frame.type === 'error') setTimeout(() => this.#watch(), RETRY_MS);
    if (frame.type === 'degraded') this.#hearDegraded(record, frame.on, at);
    if (frame.type !== 'presence') return;
    for (const { user, status, ver } of frame.users) {
      if (!user.startsWith('user-')) continue;
      this.#shown.set(user, status);
      const snapshot = frame.snapshot === true;
      this.#options.recorder.shown.push({ at, watcher: record.id, user, status, ver, snapshot });
    }
    if (frame.ref === 'all' && frame.more !== true) record.readyAt ??= at;
  }
}
