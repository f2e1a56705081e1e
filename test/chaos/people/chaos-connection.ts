import { WebSocket } from 'ws';
import type { ServerFrame } from '../../support/frames.ts';
import type { ClaimRecord, ClaimStatus, ConnectionRecord, Ending } from '../history/history.ts';
import { clock, type Recorder } from '../history/recorder.ts';

/** A client without a welcome for so long tries elsewhere, ms. */
const PATIENCE_MS = 1_200;
const CODES: Readonly<Record<number, Ending>> = { 1012: 'drain', 1006: 'lost' };

interface Options {
  readonly url: string;
  readonly token: string;
  readonly slot: number;
  readonly user: string;
  readonly device: string;
  readonly recorder: Recorder;
  /** It ended, and not because this side wanted it to. */
  readonly onLost: (connection: ChaosConnection) => void;
}

/** One connection of a scripted client, which writes down what it knows of itself. */
export class ChaosConnection {
  readonly record: ConnectionRecord;
  readonly #socket: WebSocket;
  readonly #options: Options;
  readonly #claims = new Map<string, ClaimRecord>();
  #patience: NodeJS.Timeout | undefined;
  #refs = 0;

  constructor(options: Options) {
    const { url, token, recorder, user, slot, device } = options;
    this.#options = options;
    this.record = recorder.dial(user, slot);
    this.#socket = new WebSocket(`${url}?device=${device}`, {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    this.#patience = setTimeout(() => this.#ended('gave-up'), PATIENCE_MS);
    this.#socket.on('message', (data: Buffer) => this.#hear(JSON.parse(data.toString()) as ServerFrame));
    this.#socket.on('error', () => undefined);
    this.#socket.on('unexpected-response', (_, response) => this.#ended('gave-up', response.statusCode));
    this.#socket.on('close', (code) => {
      const how = this.record.welcomeAt === undefined ? 'gave-up' : (CODES[code] ?? 'server');
      this.#ended(how, code);
    });
  }

  get isOpen(): boolean {
    return this.record.end === undefined && this.record.welcomeAt !== undefined;
  }

  get isOver(): boolean {
    return this.record.end !== undefined;
  }

  leave(how: 'bye' | 'close' | 'terminate' | 'half-open'): void {
    if (this.isOver) return;
    const isWelcome = this.record.welcomeAt !== undefined;
    clearTimeout(this.#patience);
    this.record.end = { at: clock(), how: isWelcome ? how : 'gave-up' };
    if (!isWelcome || how === 'terminate') this.#socket.terminate();
    else if (how === 'bye') this.#socket.send('{"type":"bye"}');
    else if (how === 'close') this.#socket.close();
    // Nothing is read any more, pings neither, and nothing is closed.
    else this.#socket.pause();
  }

  claim(status: ClaimStatus): void {
    if (!this.isOpen) return;
    this.#refs += 1;
    const record: ClaimRecord = { user: this.record.user, connection: this.record.id, status, at: clock() };
    this.#options.recorder.claims.push(record);
    this.#claims.set(String(this.#refs), record);
    this.#socket.send(JSON.stringify({ type: 'status', status, ref: String(this.#refs) }));
  }

  /** The end of the run: nobody writes anything down any more. */
  drop(): void {
    clearTimeout(this.#patience);
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === 'welcome') {
      if (this.isOver) return;
      clearTimeout(this.#patience);
      this.record.welcomeAt = clock();
      this.record.isStored = frame.self !== undefined;
    } else if (frame.type === 'ack') {
      const claim = this.#claims.get(frame.ref);
      if (claim !== undefined) claim.ackAt = clock();
    }
  }

  #ended(how: Ending, code?: number): void {
    clearTimeout(this.#patience);
    if (this.isOver) return;
    this.record.end = { at: clock(), how, ...(code !== undefined && { code }) };
    this.#socket.terminate();
    this.#options.onLost(this);
  }
}
