import type { Effect, Event } from '../../src/core/effect.ts';
import { nextDue, reduce } from '../../src/core/reduce.ts';
import { type Config, initialState, type State } from '../../src/core/state.ts';
import type { RollcallError } from '../../src/index.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';

const CONFIG: Config = {
  auth: 'subprotocol',
  automatic: true,
  retry: { baseMs: 1_000, maxMs: 30_000, steadyMs: 10_000 },
  staleAfterMs: 10_000,
  lingerMs: 2_000,
  decide: undefined,
};

export interface Sent {
  readonly type: string;
  readonly ref?: string;
  readonly [field: string]: unknown;
}

export const WELCOME: Extract<ServerFrame, { type: 'welcome' }> = {
  type: 'welcome',
  user: 'me',
  tenant: 'default',
  expiresAt: new Date(3_600_000).toISOString(),
  serverTime: new Date(0).toISOString(),
  idleAfterMs: 300_000,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 10_000,
  graceMs: 5_000,
  limits: {
    frameBytes: 16_384,
    frameRate: 20,
    frameBurst: 60,
    watches: 5_000,
    place: { rate: 5, burst: 10, dataBytes: 1_024, places: 16 },
  },
};

/** The core with everything around it played by hand: clock, socket, application. It checks what has to hold always. */
export class World {
  state: State;
  now = 0;
  /** Epoch of the socket that exists. */
  socket: number | undefined;
  /** What was sent on it. */
  sent: Sent[] = [];
  /** Token requests that the application has not answered. */
  requests: number[] = [];
  readonly asked = new Set<number>();
  readonly waiting = new Set<number>();
  readonly settled = new Map<number, RollcallError | undefined>();
  readonly errors: RollcallError[] = [];
  dials = 0;
  /** A service that is alive. */
  answersPings = true;
  #ids = 0;

  constructor(seed = 1, config: Partial<Config> = {}) {
    this.state = initialState({ ...CONFIG, ...config }, 0, 0, seed);
  }

  id(): number {
    this.#ids += 1;
    this.waiting.add(this.#ids);
    return this.#ids;
  }

  do(event: Event): void {
    const before = this.state.link.at;
    const { state, effects } = reduce(this.state, event, this.now);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
    const isOver = before === 'stopped' && event.type !== 'connect';
    const wakes = effects.some((effect) => effect.do === 'dial' || effect.do === 'ask_token');
    if (isOver && wakes) throw new Error(`${event.type} dials in stopped`);
    if (state.link.at === 'stopped') {
      if (this.socket !== undefined) throw new Error('stopped with a socket');
      if (nextDue(state) !== undefined) throw new Error(`stopped with a timer: ${JSON.stringify(state.due)}`);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'dial':
        if (this.socket !== undefined) throw new Error('a second socket');
        this.socket = effect.epoch;
        this.sent = [];
        this.dials += 1;
        return;
      case 'hang_up':
        this.socket = undefined;
        return;
      case 'send':
        if (this.socket === undefined) throw new Error('sent without a socket');
        this.sent.push(effect.frame as Sent);
        return;
      case 'ask_token':
        if (this.asked.has(effect.request)) throw new Error('asked twice for one request');
        if (this.requests.length > 0) throw new Error('two requests at a time');
        this.asked.add(effect.request);
        this.requests.push(effect.request);
        return;
      case 'drop_token':
        this.requests = [];
        return;
      case 'settle':
        if (!this.waiting.delete(effect.id))
          throw new Error(`${effect.id} is settled twice, or by nobody's wish`);
        this.settled.set(effect.id, effect.error);
        return;
      case 'error':
        this.errors.push(effect.error);
        return;
      default:
    }
  }

  /** Time passes; timers run when they are due. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let atOnce = 0; ; ) {
      const due = nextDue(this.state);
      if (due === undefined || due > end) break;
      atOnce = due > this.now ? 0 : atOnce + 1;
      if (atOnce > 100) throw new Error(`a timer that is always due: ${JSON.stringify(this.state.due)}`);
      this.now = Math.max(this.now, due);
      this.do({ type: 'tick' });
      if (this.answersPings && this.sent.at(-1)?.type === 'ping') this.frame({ type: 'pong' });
    }
    this.now = end;
  }

  /** Time passes in which no timer runs, as in a device that sleeps. */
  sleep(ms: number): void {
    this.now += ms;
    this.do({ type: 'tick' });
  }

  /** Until the application is asked for a newer token. */
  untilAsked(): void {
    for (let minutes = 0; this.requests.length === 0 && minutes < 60; minutes += 1) {
      const renew = this.state.due.renew ?? this.now;
      this.pass(Math.max(1, renew - this.now));
    }
  }

  answerToken(token: string | null): void {
    const request = this.requests.shift();
    if (request !== undefined) this.do({ type: 'token', request, token });
  }

  frame(frame: ServerFrame): void {
    if (this.socket !== undefined) this.do({ type: 'frame', epoch: this.socket, frame });
  }

  lose(code: number, reason = ''): void {
    const epoch = this.socket;
    this.socket = undefined;
    if (epoch !== undefined) this.do({ type: 'lost', epoch, code, reason });
  }

  welcome(more: Partial<typeof WELCOME> = {}): void {
    this.frame({
      ...WELCOME,
      serverTime: new Date(this.now).toISOString(),
      expiresAt: new Date(this.now + 3_600_000).toISOString(),
      ...more,
    });
  }

  /** All the way to a connection. */
  connect(): void {
    if (this.state.link.at === 'idle' || this.state.link.at === 'stopped') this.do({ type: 'connect' });
    const { link } = this.state;
    if (link.at === 'waiting') this.pass(link.until - this.now);
    this.answerToken('token');
    this.welcome();
  }

  /** Frames of one type that were sent on this socket. */
  of(type: string): Sent[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}
