import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';

export interface HttpOptions {
  /** Of the service: `https://presence.example.com`. */
  readonly url: string;
  readonly getToken: () => string | Promise<string>;
  readonly fetch?: typeof fetch;
}

/** What is sent with a call. */
export interface Call {
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** Makes one call and gives its JSON; of an answer without a body `undefined`. */
export type Http = <Answer = unknown>(method: Method, path: string, call?: Call) => Promise<Answer>;

/**
 * The HTTP API with a token and errors: `await http('GET', '/v1/presence/users/ada')`. It never tries again.
 *
 * @throws RollcallError with the `code` of the problem document and its HTTP `status`.
 */
export const createHttp =
  ({ url, getToken, fetch: call = fetch }: HttpOptions): Http =>
  async <Answer>(method: Method, path: string, { query, body, signal }: Call = {}): Promise<Answer> => {
    const search = new URLSearchParams(
      Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]),
    ).toString();
    const response = await call(url.replace(/\/$/, '') + path + (search && `?${search}`), {
      method,
      headers: {
        authorization: `Bearer ${await getToken()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const answer = isJson && text !== '' ? JSON.parse(text) : undefined;
    if (response.ok) return answer as Answer;
    const { code = 'unavailable', detail } = (answer ?? {}) as { code?: ErrorCode; detail?: string };
    const outcome = response.status >= 500 && method !== 'GET' ? 'unknown' : 'not_done';
    throw new RollcallError(code, detail ?? `${method} ${path}: ${response.status}`, {
      outcome,
      status: response.status,
    });
  };
