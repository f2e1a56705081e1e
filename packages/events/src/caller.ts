import { FollowError } from './errors.ts';
import type { EventsOptions } from './options.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

interface Call {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Calls Rollcall with the token of the app, and turns every refusal into a {@link FollowError}. */
export class Caller {
  readonly #options: EventsOptions;
  #token: string | undefined;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** The next call asks for a token again. */
  forgetToken(): void {
    this.#token = undefined;
  }

  /**
   * A refused token is replaced once.
   *
   * @throws FollowError; what `getToken` throws, as the cause of one.
   */
  async call(path: string, call: Call): Promise<Response> {
    const response = await this.#once(path, call, 'connect');
    if (response.status !== 401) return accepted(response, path);
    await response.body?.cancel();
    this.#token = undefined;
    return accepted(await this.#once(path, call, 'rejected'), path);
  }

  async #once(path: string, { query, headers, body, signal }: Call, reason: 'connect' | 'rejected') {
    this.#token ??= await this.#ask(reason, signal);
    const send = this.#options.fetch ?? fetch;
    try {
      return await send(this.#address(path, query), {
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        signal,
      });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw new FollowError('unavailable', `${path} could not be reached`, { cause });
    }
  }

  async #ask(reason: 'connect' | 'rejected', signal: AbortSignal): Promise<string> {
    try {
      return await this.#options.getToken({ reason, signal });
    } catch (cause) {
      throw new FollowError('unavailable', 'getToken failed', { cause });
    }
  }

  #address(path: string, query: Query = {}): string {
    const all = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, tenant: this.#options.tenant }))
      if (value !== undefined && value !== '') all.set(name, String(value));
    const base = String(this.#options.url).replace(/\/+$/, '');
    return `${base}${path}${all.size > 0 ? `?${all}` : ''}`;
  }
}

const CODES: Readonly<Record<number, 'unauthorized' | 'forbidden' | 'invalid'>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
};

const accepted = async (response: Response, path: string): Promise<Response> => {
  if (response.ok) return response;
  const { status } = response;
  const text = (await response.text().catch(() => '')).slice(0, 200);
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  throw new FollowError(CODES[status] ?? 'unavailable', `${path} answered ${status}: ${text}`, {
    status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
};

/** Seconds or a date, as proxies send either. */
const retryAfter = (header: string | null): number | undefined => {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};
