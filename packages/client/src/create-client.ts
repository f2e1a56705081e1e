import type { Wish } from './core/effect.ts';
import { countKey, keyOf, keysOf } from './core/keys.ts';
import { Engine } from './shell/engine.ts';
import { Readers } from './shell/readers.ts';
import type {
  Client,
  Entered,
  Options,
  PlaceData,
  Target,
  Topic,
  Typing,
  TypingTarget,
  Watch,
} from './types.ts';

/** Engines without explicit resource management take `close()`. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

const topicKey = (topic: Topic): string => {
  if (typeof topic === 'string') return topic;
  if ('members' in topic) return keyOf(topic.members);
  if ('count' in topic) return countKey(topic.count);
  if ('typing' in topic) return `y:${keyOf(topic.typing)}`;
  return keyOf(topic);
};

/** Calls once, however often it is called. */
const once = (run: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
};

/**
 * A client. Nothing happens before `connect()`: no socket, no timer, no listener.
 *
 * ```ts
 * const client = createClient({ url: 'wss://presence.example.com', getToken: () => fetchToken() });
 * client.watch({ users: ['ada'] });
 * client.subscribe({ user: 'ada' }, () => console.log(client.view('ada')));
 * client.connect();
 * ```
 */
export const createClient = (options: Options): Client => {
  const engine = new Engine(options);
  const readers = new Readers(
    () => engine.state,
    (key) => engine.isTaken(key),
  );

  /** A call that the core settles. */
  const ask = (run: (id: number) => void, signal?: AbortSignal): Promise<void> => {
    const { id, promise } = engine.promises.open();
    const abort = (): void => engine.dispatch({ type: 'abort', id });
    run(id);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  };

  const watch = (target: Target): Watch => {
    const { id, promise: ready } = engine.promises.open();
    const top = Math.min(100, target.top ?? 0);
    const wishes = keysOf(target).map((key): Wish => ({ key, top, id }));
    engine.wish(wishes, []);
    if (wishes.length === 0) engine.promises.settle(id);
    const close = once(() => engine.wish([], wishes));
    return { ready, close, [DISPOSE]: close };
  };

  const enter = (place: string, data?: PlaceData): Entered => {
    const tell = (newer: PlaceData | undefined, isUpdate: boolean): Promise<void> =>
      ask((id) => engine.dispatch({ type: 'enter', place, data: newer, id, isUpdate }));
    const ready = tell(data, false);
    let left: Promise<void> | undefined;
    const leave = (): Promise<void> => {
      left ??= ask((id) => engine.dispatch({ type: 'exit', place, id }));
      return left;
    };
    return { ready, update: (newer) => tell(newer, true), leave, [DISPOSE]: () => void leave() };
  };

  const typing = (to: TypingTarget): Typing => {
    const key = keyOf(to);
    return {
      input: () => engine.dispatch({ type: 'typing', key, to, on: true }),
      stop: () => engine.dispatch({ type: 'typing', key, to, on: false }),
      clear: (from) =>
        engine.dispatch({ type: 'typed', key: 'user' in to ? keyOf({ user: from }) : key, from }),
    };
  };

  return {
    get connection() {
      return engine.state.connection;
    },
    get self() {
      return engine.state.self;
    },
    connect() {
      void engine.WebSocket;
      engine.dispatch({ type: 'connect' });
    },
    close: () => engine.dispatch({ type: 'close' }),
    leave: () => ask((id) => engine.dispatch({ type: 'leave', id })),
    reset: () => engine.dispatch({ type: 'reset' }),
    watch,
    view: (user) => readers.view(user),
    members: (of) => readers.members(of),
    place: (place) => readers.place(place),
    count: (of) => readers.count(of),
    typingIn: (target) => readers.typingIn(target),
    subscribe: (topic, listener) => engine.topics.add(topicKey(topic), listener),
    on: (event, listener) =>
      event === 'error'
        ? engine.errors.add('error', listener as never)
        : engine.views.add('views', listener as never),
    enter,
    setStatus: (claim, { signal } = {}) =>
      ask((id) => {
        const frame = { type: 'status', status: null, ...claim };
        engine.dispatch({ type: 'say', what: 'status', frame, id });
      }, signal),
    setNote: (note, { signal } = {}) =>
      ask(
        (id) => engine.dispatch({ type: 'say', what: 'note', frame: { type: 'note', ...note }, id }),
        signal,
      ),
    active: () => engine.dispatch({ type: 'active' }),
    idle: () => engine.dispatch({ type: 'idle' }),
    typing,
    now: () => engine.now() + engine.state.offset,
  };
};
