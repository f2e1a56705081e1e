import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { UserRef } from '../domain/model.ts';
import type { CloseCodeNumber } from '../protocol/codes.ts';
import { TimerWheel } from '../time/timer-wheel.ts';
import type { Admission } from './admission.ts';
import { DegradedNotice } from './degraded-notice.ts';
import { Drain } from './drain.ts';
import { HeldBytes } from './held-bytes.ts';
import type { SessionDeps, SessionHost } from './host.ts';
import { Identity } from './identity.ts';
import { Intake } from './intake.ts';
import type { Listener } from './listener.ts';
import { refuseSocket } from './refuse-socket.ts';
import { Session } from './session.ts';
import { Typists } from './typing.ts';
import { TypingDesk } from './typing-desk.ts';
import { Unauthenticated } from './unauthenticated.ts';

/** Every WebSocket of this node. */
export class Sessions {
  readonly #host: SessionHost;
  /** Until the socket is gone: a closing one still costs memory and a file descriptor. */
  readonly #sessions = new Set<Session>();
  readonly #notice: DegradedNotice;
  readonly #refused = new Set<WebSocket>();
  #drain: { readonly drain: Drain; readonly done: Promise<void> } | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: SessionDeps) {
    const { clock, settings, health } = deps;
    const wheel = new TimerWheel({
      monotonic: () => clock.monotonic(),
      tickMs: tickFor(settings),
      onError: (err) => deps.log.error({ err }, 'the deadlines of a connection could not be looked at'),
    });
    const typists = new Typists();
    this.#host = {
      ...deps,
      wheel,
      intake: new Intake(deps.turns, deps.maxWaitingFrames),
      typing: new TypingDesk({ ...deps, wheel, typists, connectionsOf: (ref) => this.#connectionsOf(ref) }),
      typists,
      unauthenticated: new Unauthenticated(settings),
      unfinished: new HeldBytes(deps.maxUnfinishedBytes ?? MAX_UNFINISHED_BYTES, (one) => one.giveUp()),
      gone: (session) => {
        if (this.#sessions.delete(session as Session)) deps.capacity.sockets -= 1;
      },
    };
    this.#notice = new DegradedNotice(this.#sessions, () => health.degraded);
  }

  /** No more connections can be taken. */
  get full(): boolean {
    return this.#host.capacity.full;
  }

  /** So many refused sockets have not gone yet that the next is better refused before it opens. */
  get overrun(): boolean {
    return this.#refused.size >= MAX_REFUSED;
  }

  /** Whether a socket without a token would be let in. */
  admitsWithoutToken(address: string): boolean {
    return this.#host.unauthenticated.admits(address);
  }

  /** This node is going away. */
  get draining(): boolean {
    return this.#drain !== undefined;
  }

  /** Started and stopped by itself: a transition has to reach it before it reaches fan-out. */
  get typing(): TypingDesk {
    return this.#host.typing;
  }

  start(): void {
    this.#host.wheel.start();
    this.#unsubscribe ??= this.#host.health.onDegraded(() => this.#notice.tellAll());
  }

  /** Whatever is still open is cut off; {@link drain} first. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#notice.stop();
    this.#host.wheel.stop();
    for (const session of this.#sessions) session.terminate();
    for (const ws of this.#refused) ws.terminate();
  }

  /**
   * Takes over a socket that was just opened. It is closed at once when there is no room for it.
   *
   * @param socket - the one under `ws`.
   */
  open(ws: WebSocket, socket: Socket, admission: Admission): void {
    const { unauthenticated, metrics, capacity } = this.#host;
    if (this.draining) this.refuse(ws, 1012, 'this node is restarting');
    else if (capacity.full) this.refuse(ws, 1013, 'too many connections');
    else if (admission.principal === undefined && !unauthenticated.enter(admission.address)) {
      this.refuse(ws, 1013, 'too many connections without a token');
    } else {
      metrics.unauthenticated.set(unauthenticated.count);
      this.#sessions.add(new Session(this.#host, ws, socket, admission));
      capacity.sockets += 1;
    }
  }

  /** Closes a socket that was only opened because browsers cannot see the status of a refused upgrade. */
  refuse(ws: WebSocket, code: CloseCodeNumber, reason: string): void {
    const { capacity, metrics } = this.#host;
    this.#refused.add(ws);
    capacity.sockets += 1;
    metrics.closes.inc({ code: String(code) });
    refuseSocket(ws, code, reason, () => {
      if (this.#refused.delete(ws)) capacity.sockets -= 1;
    });
  }

  #connectionsOf(ref: UserRef): Listener[] {
    const { membership, observers } = this.#host;
    const all = [...membership.membersOf(ref), ...observers.of(ref)];
    return all.filter((one) => one instanceof Identity).map(({ session }) => session);
  }

  /**
   * Takes no more connections, and sends away those there are: each gets a `reconnect` frame and is closed with 1012 at
   * a random moment of the window. Called again, it hurries.
   *
   * @returns when all have left; their sockets may still be finishing the closing handshake.
   */
  async drain(windowMs: number): Promise<void> {
    if (this.#drain === undefined) {
      const { clock, random, settings } = this.#host;
      const drain = new Drain(this.#sessions, {
        windowMs,
        reconnectMs: Math.min(RECONNECT_MS, settings.drainGraceMs / 4),
        monotonic: () => clock.monotonic(),
        random,
      });
      this.#drain = { drain, done: drain.run() };
    } else {
      this.#drain.drain.hurry(windowMs);
    }
    await this.#drain.done;
  }

  /** Drains, and gives the closing handshakes this long to finish. Nothing is open afterwards. */
  async finish(drainMs: number, handshakeMs: number): Promise<void> {
    await this.drain(drainMs);
    const { clock, capacity } = this.#host;
    const end = clock.monotonic() + handshakeMs;
    while (capacity.sockets > 0 && clock.monotonic() < end) await sleep(SETTLE_STEP_MS);
    this.stop();
  }
}

/** Refused sockets that may linger in the closing handshake at once: as many as one burst of a careless client. */
const MAX_REFUSED = 200;

/** Messages in pieces that still arrive, of all connections: one of them has a bound of its own, but many are many. */
const MAX_UNFINISHED_BYTES = 64 * 1_048_576;

/** Clients come back within this long after a drain closed them, and long before their grace ends. */
const RECONNECT_MS = 2000;

/** How often it is looked whether the last sockets have gone. */
const SETTLE_STEP_MS = 10;

/** A tenth of the shortest period is exact enough for it, and 100 ms for all that people set. */
const tickFor = ({ pingIntervalMs, pingTimeoutMs, authTimeoutMs }: SessionDeps['settings']): number =>
  Math.max(5, Math.min(100, pingIntervalMs / 10, pingTimeoutMs / 10, authTimeoutMs / 10));
