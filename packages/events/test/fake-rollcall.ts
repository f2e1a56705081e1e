import type { FollowedEvent, PlaceMember, Presence } from '../src/index.ts';

/** One connection to the event stream of {@link FakeRollcall}. */
export class FakeStream {
  readonly query: URLSearchParams;
  readonly token: string;
  readonly cursor: string | undefined;
  closed = false;
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;

  constructor(
    request: { url: URL; headers: Headers },
    controller: ReadableStreamDefaultController<Uint8Array>,
  ) {
    this.query = request.url.searchParams;
    this.token = request.headers.get('authorization') ?? '';
    this.cursor = request.headers.get('last-event-id') ?? undefined;
    this.#controller = controller;
  }

  write(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text));
  }
  event(event: FollowedEvent): void {
    const name = event.type.startsWith('rollcall.place') ? 'place' : 'transition';
    this.write(`event: ${name}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  id(id: string): void {
    this.write(`id: ${id}\nevent: cursor\ndata: {}\n\n`);
  }
  reset(): void {
    this.write('event: reset\ndata: {}\n\n');
  }
  end(): void {
    this.#controller.close();
  }
  break(): void {
    this.#controller.error(new TypeError('terminated'));
  }
}

type Answer = Response | Promise<Response>;

/** Rollcall as far as a follower asks it: a `fetch` without a network, so that tests may own the time. */
export class FakeRollcall {
  readonly streams: FakeStream[] = [];
  /** `METHOD path?query` of every call but those of streams. */
  readonly calls: string[] = [];
  online: Presence[] = [];
  known: Map<string, Presence> = new Map();
  places: Map<string, PlaceMember[]> = new Map();
  /** Sent at once on every stream; `undefined`: nothing. */
  firstId: (() => string) | undefined = () => `c${this.streams.length}`;
  /** Instead of the usual answer, while it gives one. */
  intercept:
    | ((request: { path: string; token: string; cursor: string | undefined }) => Answer | undefined)
    | undefined;

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const headers = new Headers(init.headers);
    const path = url.pathname;
    const token = headers.get('authorization') ?? '';
    if (path !== '/v1/events') this.calls.push(`${init.method ?? 'GET'} ${path}${url.search}`);
    const cursor = headers.get('last-event-id') ?? undefined;
    const intercepted = await this.intercept?.({ path, token, cursor });
    if (intercepted !== undefined) return intercepted;
    if (path === '/v1/events') return this.#stream({ url, headers }, init.signal ?? undefined);
    if (path === '/v1/presence/online') return this.#page(url);
    if (path === '/v1/presence/batch') return this.#batch(String(init.body));
    const place = decodeURIComponent(path.replace('/v1/places/', ''));
    return Response.json({ users: this.places.get(place) ?? [], total: 0 });
  };

  get stream(): FakeStream {
    const newest = this.streams.at(-1);
    if (newest === undefined) throw new Error('no stream was opened');
    return newest;
  }

  #stream(request: { url: URL; headers: Headers }, signal: AbortSignal | undefined): Response {
    let made: FakeStream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        made = new FakeStream(request, controller);
        const stream = made;
        signal?.addEventListener('abort', () => {
          stream.closed = true;
          try {
            controller.error(signal.reason);
          } catch {
            // It was closed before.
          }
        });
      },
      cancel: () => {
        if (made) made.closed = true;
      },
    });
    if (made) this.streams.push(made);
    if (this.firstId) made?.id(this.firstId());
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** Pages of two. */
  #page(url: URL): Response {
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const users = this.online.slice(from, from + 2);
    return Response.json({ users, ...(from + 2 < this.online.length && { cursor: String(from + 2) }) });
  }

  #batch(body: string): Response {
    const { users } = JSON.parse(body) as { users: string[] };
    const shown = (user: string): Presence =>
      this.online.find((one) => one.user === user) ?? this.known.get(user) ?? offline(user);
    return Response.json({ users: users.map(shown) });
  }
}

const offline = (user: string): Presence => ({ user, status: 'offline', ver: 0 });

export const problem = (status: number, headers: Record<string, string> = {}): Response =>
  Response.json({ status, code: 'any' }, { status, headers });

const envelope = { source: '/rollcall/t', time: '2026-11-21T09:30:00.000Z' };

export const transition = (user: string, status: Presence['status'], ver: number): FollowedEvent => ({
  ...envelope,
  type: 'rollcall.transition',
  id: `${user}:${ver}`,
  subject: user,
  data: { tenant: 't', user, status, previous: 'offline', ver, reason: 'connect' },
});

export const forgotten = (user: string, ver: number): FollowedEvent => ({
  ...envelope,
  type: 'rollcall.forgotten',
  id: `${user}:${ver}`,
  subject: user,
  data: { tenant: 't', user, ver },
});

export const placed = (
  place: string,
  user: string,
  change: 'entered' | 'changed' | 'left',
  ver: number,
  data?: Record<string, unknown>,
): FollowedEvent => ({
  ...envelope,
  type: 'rollcall.place',
  id: `${place}:${user}:${ver}`,
  subject: user,
  data: { tenant: 't', place, user, change, ver, reason: 'enter', ...(data && { data }) },
});
