import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import type { ClientErrorCode, Outcome } from '../types.ts';
import type { Effect } from './effect.ts';
import type { State, Timer } from './state.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type MapName = {
  [K in keyof State]: State[K] extends ReadonlyMap<infer _Name, infer _Value> ? K : never;
}[keyof State];
type MapOf<K extends MapName> =
  State[K] extends ReadonlyMap<infer Name, infer Value> ? Map<Name, Value> : never;
type SetName = 'fresh' | 'again';

/**
 * One step from a state to the next. What it changes are its own copies: a map is copied when it is changed first, so a
 * frame about one of thousands copies one map, and a frame about none copies nothing.
 */
export class Turn {
  readonly state: Writable<State>;
  readonly now: number;
  readonly effects: Effect[] = [];
  /** What can be read of these has changed. */
  readonly topics: Set<string> = new Set();
  /** Users whose view has changed. */
  readonly users: Set<string> = new Set();
  /** Everything may have changed: what is stale, for instance. */
  everything = false;
  readonly #copied = new Set<keyof State>();

  constructor(state: State, now: number) {
    this.state = { ...state };
    this.now = now;
  }

  /** A map of the state, to be written. */
  map<K extends MapName>(name: K): MapOf<K> {
    if (!this.#copied.has(name)) {
      this.#copied.add(name);
      Object.assign(this.state, { [name]: new Map(this.state[name] as ReadonlyMap<unknown, unknown>) });
    }
    return this.state[name] as unknown as MapOf<K>;
  }

  /** A set of keys of the state, to be written. */
  set<K extends SetName>(name: K): Set<State[K] extends ReadonlySet<infer Value> ? Value : never> {
    if (!this.#copied.has(name)) {
      this.#copied.add(name);
      this.state[name] = new Set(this.state[name]);
    }
    return this.state[name] as never;
  }

  do(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Sends a frame. Whoever calls it knows that there is a connection. */
  send(frame: object): void {
    const { pace } = this.state;
    this.state.pace = { ...pace, tokens: pace.tokens - 1 };
    this.do({ do: 'send', frame });
  }

  settle(ids: readonly number[], error?: RollcallError): void {
    for (const id of ids) this.do({ do: 'settle', id, ...(error && { error }) });
  }

  fail(ids: readonly number[], code: ErrorCode | ClientErrorCode, message?: string, outcome?: Outcome): void {
    this.settle(ids, new RollcallError(code, message, outcome && { outcome }));
  }

  /** For the application, beside any promise. */
  tell(error: RollcallError): void {
    this.do({ do: 'error', error });
  }

  log(level: 'debug' | 'warn', message: string, data?: object): void {
    this.do({ do: 'log', level, message, ...(data && { data }) });
  }

  /** Sets a timer, or moves it. */
  later(timer: Timer, at: number): void {
    this.state.due = { ...this.state.due, [timer]: at };
  }

  /** Sets a timer, or moves it to an earlier moment. */
  sooner(timer: Timer, at: number): void {
    this.later(timer, Math.min(at, this.state.due[timer] ?? Number.POSITIVE_INFINITY));
  }

  cancel(...timers: readonly Timer[]): void {
    const due = { ...this.state.due };
    for (const timer of timers) delete due[timer];
    this.state.due = due;
  }

  /** A name that no other frame has. */
  ref(): string {
    this.state.counter += 1;
    return String(this.state.counter);
  }

  /** At least 0, below 1: mulberry32, so that a state decides everything that follows from it. */
  random(): number {
    this.state.seed = (this.state.seed + 0x6d2b79f5) | 0;
    let t = this.state.seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Random, at least `from`, below `to`. */
  between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  get isUp(): boolean {
    return this.state.link.at === 'up';
  }
}
