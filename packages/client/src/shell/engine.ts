import type { Effect, Event, Wish } from '../core/effect.ts';
import type { Key } from '../core/keys.ts';
import { nextDue, reduce, type Step } from '../core/reduce.ts';
import { type Config, initialState, type State } from '../core/state.ts';
import { RollcallError } from '../errors.ts';
import type { ClientEvents, Options, Platform, TokenRequest, WebSocketClass } from '../types.ts';
import { browser } from './browser.ts';
import { wakingClock } from './clock.ts';
import { Listeners } from './listeners.ts';
import { Promises } from './promises.ts';
import { httpUrl, Socket, socketUrl } from './socket.ts';

/** Longer timers fire at once in some engines: 2³¹ − 1 ms are 24.8 days. */
const LONGEST_MS = 86_400_000;

const configOf = (options: Options): Config => ({
  auth: options.auth ?? 'subprotocol',
  automatic: options.activity !== 'manual',
  retry: { baseMs: 1_000, maxMs: 30_000, steadyMs: 10_000, ...options.retry },
  staleAfterMs: options.staleAfterMs ?? 10_000,
  lingerMs: options.lingerMs ?? 2_000,
  decide: options.decide,
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs the core: gives it events and the time, and does what it asks for. */
export class Engine {
  state: State;
  readonly now: () => number;
  readonly promises: Promises = new Promises();
  readonly topics: Listeners<string> = new Listeners();
  readonly errors: Listeners<'error', RollcallError> = new Listeners();
  readonly views: Listeners<'views', ClientEvents['views']> = new Listeners();
  readonly #options: Options;
  readonly #platform: Platform;
  #socket: Socket | undefined;
  #asking: AbortController | undefined;
  #unlisten: (() => void) | undefined;
  #timer: { readonly at: number; readonly timer: unknown } | undefined;
  #takes: Wish[] = [];
  #gives: Wish[] = [];
  readonly #taken = new Set<Key>();

  constructor(options: Options) {
    this.#options = options;
    this.#platform = options.platform ?? browser;
    this.now = wakingClock(this.#platform);
    const now = this.now();
    this.state = initialState(
      configOf(options),
      now,
      this.#platform.wall() - now,
      this.#platform.random() * 2 ** 31,
    );
  }

  /** @throws RollcallError when there is nothing to connect with. */
  get WebSocket(): WebSocketClass {
    const found = this.#options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketClass | undefined);
    if (!found)
      throw new RollcallError('unsupported', 'there is no WebSocket here: give createClient the option');
    return found;
  }

  isTaken(key: Key): boolean {
    return this.#taken.has(key);
  }

  /** Watches of one moment go out together. */
  wish(take: readonly Wish[], give: readonly Wish[]): void {
    if (this.#takes.length + this.#gives.length === 0) queueMicrotask(() => this.#flush());
    this.#takes.push(...take);
    for (const { key } of take) this.#taken.add(key);
    this.#gives.push(...give);
  }

  dispatch(event: Event): void {
    this.#flush();
    this.#step(event);
  }

  #flush(): void {
    const [take, give] = [this.#takes, this.#gives];
    if (take.length + give.length === 0) return;
    this.#takes = [];
    this.#gives = [];
    this.#taken.clear();
    this.#step({ type: 'wish', take, give });
  }

  #step(event: Event): void {
    const former = this.state;
    const step = reduce(former, event, this.now());
    this.state = step.state;
    for (const effect of step.effects) this.#perform(effect);
    this.#arm();
    this.#listen();
    // Last: what listeners do begins another step.
    this.#notify(step, former);
  }

  #notify(step: Step, former: State): void {
    this.topics.callAll(step);
    const users = step.everything ? new Set([...former.views.keys(), ...step.users]) : step.users;
    if (users.size > 0) this.views.call('views', [...users]);
    for (const effect of step.effects) if (effect.do === 'error') this.errors.call('error', effect.error);
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'ask_token':
        this.#askToken(effect.request, effect.reason);
        return;
      case 'drop_token':
        this.#asking?.abort();
        return;
      case 'dial':
        this.#dial(effect.epoch, effect.token, effect.idle);
        return;
      case 'hang_up':
        this.#socket?.hangUp();
        this.#socket = undefined;
        return;
      case 'send':
        this.#socket?.send(effect.frame);
        return;
      case 'settle':
        this.promises.settle(effect.id, effect.error);
        return;
      case 'probe':
        this.#probe(effect.token);
        return;
      case 'log':
        this.#options.log?.(effect.level, effect.message, effect.data);
    }
  }

  #askToken(request: number, reason: TokenRequest['reason']): void {
    const asking = new AbortController();
    this.#asking = asking;
    Promise.resolve()
      .then(() => this.#options.getToken({ reason, signal: asking.signal }))
      .then(
        (token) => this.dispatch({ type: 'token', request, token }),
        (error: unknown) => this.dispatch({ type: 'token_failed', request, message: messageOf(error) }),
      );
  }

  #dial(epoch: number, token: string, idle: boolean): void {
    const isSubprotocol = this.state.config.auth === 'subprotocol';
    const url = socketUrl(this.#options, isSubprotocol && idle);
    try {
      this.#socket = new Socket(this.WebSocket, url, isSubprotocol ? token : undefined, {
        opened: () => this.dispatch({ type: 'opened', epoch }),
        frame: (frame) => this.dispatch({ type: 'frame', epoch, frame }),
        lost: (code, reason) => this.dispatch({ type: 'lost', epoch, code, reason }),
      });
    } catch (error) {
      // A bad address, characters that no token has, or a policy of the page.
      this.errors.call('error', new RollcallError('invalid', messageOf(error)));
      queueMicrotask(() => this.dispatch({ type: 'lost', epoch, code: 1006, reason: messageOf(error) }));
    }
  }

  /** Browsers hide the answer that refused a socket; a call gets it. */
  #probe(token: string): void {
    fetch(`${httpUrl(this.#options.url)}/v1/presence/me`, { headers: { authorization: `Bearer ${token}` } })
      .then(({ ok, status }) => {
        const message = `the service refuses connections: ${status}`;
        if (!ok) this.errors.call('error', new RollcallError('refused', message, { status }));
      })
      .catch((error: unknown) => this.#options.log?.('debug', messageOf(error)));
  }

  /** One timer for everything that is due. */
  #arm(): void {
    const at = nextDue(this.state);
    if (at === this.#timer?.at) return;
    if (this.#timer) this.#platform.clearTimer(this.#timer.timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const ms = Math.min(Math.max(0, at - this.now()), LONGEST_MS);
    const run = (): void => {
      this.#timer = undefined;
      this.dispatch({ type: 'tick' });
    };
    this.#timer = { at, timer: this.#platform.setTimer(run, Math.ceil(ms)) };
  }

  /** Listens to the page only while there is something to do about it. */
  #listen(): void {
    const { at } = this.state.link;
    const isOver = at === 'idle' || at === 'stopped';
    if (isOver) {
      this.#unlisten?.();
      this.#unlisten = undefined;
    } else {
      this.#unlisten ??= this.#platform.listen((event) => this.dispatch({ type: 'page', event }));
    }
  }
}
