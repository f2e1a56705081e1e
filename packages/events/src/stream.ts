import type { Caller } from './caller.ts';
import { FollowError } from './errors.ts';
import type { FollowedEvent } from './event-types.ts';
import type { EventsOptions, Filter } from './options.ts';
import { type SseBlock, SseOverflow, SseParser } from './sse.ts';

/** A comment comes every 15 s. A stream that is silent for much longer is dead, whatever its socket says. */
const SILENCE_MS = 45_000;

const TYPES: ReadonlySet<string> = new Set<FollowedEvent['type']>([
  'rollcall.transition',
  'rollcall.forgotten',
  'rollcall.place',
  'rollcall.place.occupied',
  'rollcall.place.vacated',
]);

/** What counts of one block. The event was sent before the `id`, and its own place is in front of it. */
export interface StreamItem {
  readonly event?: FollowedEvent | { readonly type: 'reset' };
  readonly id?: string;
  readonly retry?: number;
}

const LISTS = ['users', 'groups', 'status', 'places'] as const;

/** @throws FollowError `invalid` for an id with a comma, which the query cannot name, and for an empty list. */
export const queryOf = (filter: Filter = {}): Record<string, string> => {
  const query: Record<string, string> = {};
  for (const name of LISTS) {
    const words = filter[name];
    if (words === undefined) continue;
    // An empty list left out would widen the filter to everything.
    if (words.length === 0) throw new FollowError('invalid', `filter.${name} is empty`);
    const wrong = words.find((word) => word === '' || word.includes(','));
    if (wrong !== undefined)
      throw new FollowError('invalid', `filter.${name} cannot name ${JSON.stringify(wrong)}`);
    query[name] = words.join(',');
  }
  return query;
};

/** Everything that ends a read: the app, or the silence of the server. */
class Watch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The clock runs while a read waits, and never while the consumer works: a slow consumer is no dead server. */
  async within<T>(read: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#controller.abort(new FollowError('silent', `nothing came for ${SILENCE_MS / 1000} seconds`));
    }, SILENCE_MS);
    try {
      return await read();
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}

/**
 * What one connection to the stream brings, an `opened` before it; ends when the server ends it in order.
 *
 * @throws FollowError when it is refused or breaks; the reason of the signal when that aborts.
 */
export async function* openStream(
  { filter, signal }: EventsOptions,
  caller: Caller,
  cursor: string | undefined,
): AsyncGenerator<StreamItem[] | 'opened', void, void> {
  const query = queryOf(filter);
  const watch = new Watch(signal);
  try {
    const response = await watch.within(() => {
      const headers = { accept: 'text/event-stream', ...(cursor && { 'last-event-id': cursor }) };
      return caller.call('/v1/events', { query, headers, signal: watch.signal });
    });
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream') || response.body === null)
      throw new FollowError('unavailable', `/v1/events answered ${type || 'without a type'}`);
    yield 'opened';
    const reader = response.body.getReader();
    const parser = new SseParser();
    for (;;) {
      const { done, value } = await watch.within(() => reader.read());
      if (done) return;
      const items = parser.push(value).map(itemOf);
      if (items.length > 0) yield items;
    }
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    if (error instanceof FollowError) throw error;
    if (error instanceof SseOverflow || error instanceof SyntaxError)
      throw new FollowError('unavailable', `the event stream is garbled: ${error.message}`, { cause: error });
    throw new FollowError('unavailable', 'the event stream broke off', { cause: error });
  } finally {
    watch.end();
  }
}

const itemOf = ({ event, data, id, retry }: SseBlock): StreamItem => {
  const known = eventOf(event, data);
  return {
    ...(known !== undefined && { event: known }),
    ...(id !== undefined && { id }),
    ...(retry !== undefined && { retry }),
  };
};

const eventOf = (name: string, data: string | undefined): StreamItem['event'] => {
  if (name === 'reset') return { type: 'reset' };
  if ((name !== 'transition' && name !== 'place') || data === undefined) return undefined;
  const event = JSON.parse(data) as FollowedEvent;
  // A newer server may send what this release does not know.
  return TYPES.has(event.type) ? event : undefined;
};
