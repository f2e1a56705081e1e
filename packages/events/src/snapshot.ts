import type { Caller } from './caller.ts';
import { FollowError } from './errors.ts';
import type { PlaceMember, Presence } from './event-types.ts';
import type { FollowOptions } from './options.ts';
import { backoff, pause } from './pause.ts';

/** Users one call asks for. */
const PAGE = 1000;
/** An answer to one call takes no longer than this, ms. */
const CALL_MS = 30_000;

type Ask = <T>(
  path: string,
  query?: Record<string, string | number | undefined>,
  body?: unknown,
) => Promise<T>;

interface Page<User> {
  readonly users: readonly User[];
  readonly cursor?: string;
}

/** The data were lost while they were read by pages. */
class PageLost extends Error {}

/**
 * Reads everybody who is here, everybody the sink knows besides, and the places it follows, into the sink.
 *
 * @returns `false` when it has to begin again with another cursor.
 */
export const readSnapshot = async (options: FollowOptions, caller: Caller): Promise<boolean> => {
  const { filter, sink, signal } = options;
  const ask = asking(options, caller);
  let read = 0;
  const take = async (users: readonly Presence[]): Promise<void> => {
    await sink.replace(users);
    read += users.length;
    options.onState?.({ state: 'snapshot', read });
  };
  try {
    const here = new Set<string>();
    if (filter?.users === undefined)
      for await (const users of pages<Presence>(ask, '/v1/presence/online')) {
        await take(users);
        for (const { user } of users) here.add(user);
      }
    const rest = filter?.users ?? others(sink.known?.() ?? [], here);
    for await (const users of chunks(rest))
      await take((await ask<Page<Presence>>('/v1/presence/batch', {}, { users })).users);
    if (filter?.places && sink.replacePlace)
      for (const place of await placesOf(options)) {
        const members: PlaceMember[] = [];
        for await (const page of pages<PlaceMember>(ask, `/v1/places/${encodeURIComponent(place)}`))
          members.push(...page);
        await sink.replacePlace(place, members);
      }
    return true;
  } catch (error) {
    if (signal.aborted || error instanceof PageLost) return false;
    throw error;
  }
};

async function* others(known: AsyncIterable<string> | Iterable<string>, here: ReadonlySet<string>) {
  for await (const user of known) if (!here.has(user)) yield user;
}

async function* chunks(users: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const user of users) {
    if (chunk.push(user) < PAGE) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function* pages<User>(ask: Ask, path: string): AsyncGenerator<readonly User[]> {
  let cursor: string | undefined;
  do {
    const page: Page<User> = await ask<Page<User>>(path, { limit: PAGE, cursor }).catch((error: unknown) => {
      throw cursor !== undefined && error instanceof FollowError && error.code === 'invalid'
        ? new PageLost('the cursor of a page is no longer held')
        : error;
    });
    yield page.users;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** The places that the filter names, and those of the sink that its prefixes cover. */
const placesOf = async ({ filter, sink }: FollowOptions): Promise<Set<string>> => {
  const named = filter?.places ?? [];
  const prefixes = named.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1));
  const places = new Set(named.filter((one) => !one.endsWith('*')));
  for await (const place of sink.knownPlaces?.() ?? [])
    if (prefixes.some((prefix) => place.startsWith(prefix))) places.add(place);
  return places;
};

/** Asks until there is an answer: 503 says that Rollcall does not know yet, and an unknown answer is not `offline`. */
const asking =
  ({ signal, onState }: FollowOptions, caller: Caller): Ask =>
  async <T>(path: string, query = {}, body?: unknown) => {
    for (let attempt = 0; ; attempt += 1) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
      try {
        const response = await caller.call(path, {
          query,
          signal: limited,
          ...(body !== undefined && { body }),
        });
        return (await response.json()) as T;
      } catch (error) {
        if (signal.aborted || (error instanceof FollowError && !error.retryable)) throw error;
        const asked = error instanceof FollowError ? error.retryAfterMs : undefined;
        const ms = asked ?? backoff(attempt, 1000);
        onState?.({ state: 'waiting', ms, error: error as Error });
        await pause(ms, signal);
        if (signal.aborted) throw signal.reason;
      }
    }
  };
