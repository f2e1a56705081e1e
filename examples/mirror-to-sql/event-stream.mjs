import { parseSse } from './sse.mjs';

/** A comment comes every 15 s: a stream that is silent for much longer is dead, whatever the socket says. */
const SILENCE_MS = 45_000;

/** Rollcall answered with an error instead of a stream. */
export class Refused extends Error {
  constructor(status, text) {
    super(`Rollcall answered ${status}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

/**
 * The events of Rollcall after a cursor: `{ kind, value }` with `open`, `transition` (the CloudEvent), `id`, `reset`
 * and `retry` (ms). Ends when the stream does; throws when it breaks.
 */
export async function* events({ url, tenant, token, signal }, cursor) {
  const target = new URL('/v1/events', url);
  if (tenant) target.searchParams.set('tenant', tenant);
  const silent = new AbortController();
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(new Error('nothing came for 45 seconds')), SILENCE_MS);
  };
  let timer;
  heard();
  try {
    const response = await fetch(target, {
      headers: { authorization: `Bearer ${token()}`, ...(cursor && { 'last-event-id': cursor }) },
      signal: AbortSignal.any([signal, silent.signal]),
    });
    if (!response.ok) throw new Refused(response.status, await response.text());
    yield { kind: 'open' };
    for await (const { field, event, data, value } of parseSse(response.body, heard)) {
      if (field === 'id') yield { kind: 'id', value };
      else if (field === 'retry') yield { kind: 'retry', value: Number(value) };
      else if (event === 'transition') yield { kind: 'transition', value: JSON.parse(data) };
      else if (event === 'reset') yield { kind: 'reset' };
    }
  } finally {
    clearTimeout(timer);
  }
}
