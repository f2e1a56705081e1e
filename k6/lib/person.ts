import { WebSocket } from 'k6/websockets';
import type { Presence, ServerFrame, Watch } from './frames.ts';
import { errorFrames, refused, restarts, snapshot, unexpectedCloses, welcome } from './metrics.ts';
import { NODES } from './settings.ts';
import { tokenOf, userOf } from './tokens.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
const RESTARTING = 1012;

export interface Behaviour {
  /** Asked for again after every connect. */
  readonly watch?: Watch;
  readonly onPresence?: (users: readonly Presence[], isSnapshot: boolean) => void;
  readonly onWelcome?: () => void;
  readonly onAck?: (ref: string) => void;
  /** Close codes beside 1000 that belong to the scenario. */
  readonly expects?: readonly number[];
  /** Where it connects; default the nodes, one after another. */
  readonly nodes?: readonly string[];
}

/** What the types of k6 do not say of its events. */
interface CloseEvent {
  readonly code?: number;
}

/** One user with one connection, who comes back after every close until they leave. */
export class Person {
  readonly user: string;
  readonly #n: number;
  readonly #behaviour: Behaviour;
  #socket: WebSocket | undefined;
  #turn: number;
  #retryMs = FIRST_RETRY_MS;
  #comeBackMs = 0;
  #wantsToBeHere = false;
  #isHere = false;
  #awaitsSnapshot = false;

  constructor(n: number, behaviour: Behaviour = {}) {
    this.#n = n;
    this.#turn = n;
    this.user = userOf(n);
    this.#behaviour = behaviour;
  }

  get isHere(): boolean {
    return this.#isHere;
  }

  come(): void {
    this.#wantsToBeHere = true;
    this.#connect();
  }

  /** Says goodbye and stays away; one that is only connecting does so once it is there. */
  leave(): void {
    this.#wantsToBeHere = false;
    if (this.#isHere) this.send({ type: 'bye' });
  }

  /** Closes without a goodbye, and comes back after so long. */
  drop(backMs: number): void {
    if (!this.#isHere) return;
    this.#comeBackMs = Math.max(1, backMs);
    this.#isHere = false;
    this.#socket?.close();
  }

  send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #connect(): void {
    const nodes = this.#behaviour.nodes ?? NODES;
    const node = nodes[this.#turn++ % nodes.length] ?? '';
    const startedAt = Date.now();
    // k6 sends no subprotocol, whatever it is given; the header is what services use anyway.
    const socket = new WebSocket(`${node.replace(/^http/, 'ws')}/v1/ws`, null, {
      headers: { Authorization: `Bearer ${tokenOf(this.#n)}` },
      // Addresses carry ports and attempts: without a name of its own each would be a series.
      tags: { name: 'ws' },
    });
    this.#socket = socket;
    socket.onmessage = (event) => {
      this.#take(JSON.parse(String(event?.data)) as ServerFrame, startedAt);
    };
    socket.onerror = () => undefined;
    socket.onclose = ((event?: CloseEvent) => this.#closed(event?.code)) as () => void;
  }

  #take(frame: ServerFrame, startedAt: number): void {
    const { watch, onPresence, onWelcome, onAck } = this.#behaviour;
    switch (frame.type) {
      case 'welcome':
        this.#isHere = true;
        this.#retryMs = FIRST_RETRY_MS;
        welcome.add(Date.now() - startedAt);
        this.#awaitsSnapshot = watch !== undefined;
        if (watch !== undefined) this.send({ type: 'watch', ...watch, ref: 'watch' });
        onWelcome?.();
        // Left while it was still connecting.
        if (!this.#wantsToBeHere) this.leave();
        break;
      case 'presence':
        if (this.#awaitsSnapshot && frame.snapshot === true && frame.more !== true) {
          this.#awaitsSnapshot = false;
          snapshot.add(Date.now() - startedAt);
        }
        onPresence?.(frame.users, frame.snapshot === true);
        break;
      case 'ack':
        onAck?.(frame.ref);
        break;
      case 'reconnect':
        this.#comeBackMs = frame.afterMs;
        break;
      case 'error':
        errorFrames.add(1, { code: frame.code });
        console.warn(`${this.user}: ${frame.code}: ${frame.message}`);
        break;
      default:
        break;
    }
  }

  #closed(code: number | undefined): void {
    const wasHere = this.#isHere;
    const wasDropped = this.#comeBackMs > 0 && !wasHere;
    this.#isHere = false;
    if (code === RESTARTING) restarts.add(1);
    if (!wasHere && !wasDropped && this.#wantsToBeHere) refused.add(1);
    else if (wasHere && code !== 1000 && !this.#behaviour.expects?.includes(code ?? 0)) {
      unexpectedCloses.add(1, { code: String(code) });
      console.warn(`${this.user}: closed with ${code}`);
    }
    if (!this.#wantsToBeHere) return;
    const waitMs = this.#comeBackMs > 0 ? this.#comeBackMs : this.#nextRetry();
    this.#comeBackMs = 0;
    setTimeout(() => {
      if (this.#wantsToBeHere) this.#connect();
    }, waitMs);
  }

  /** Full jitter below a bound that doubles. */
  #nextRetry(): number {
    const boundMs = this.#retryMs;
    this.#retryMs = Math.min(LAST_RETRY_MS, boundMs * 2);
    return 1 + Math.random() * boundMs;
  }
}
