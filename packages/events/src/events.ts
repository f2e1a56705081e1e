import { Caller } from './caller.ts';
import { FollowError } from './errors.ts';
import type { FollowedEvent } from './event-types.ts';
import type { EventsOptions } from './options.ts';
import { backoff, pause } from './pause.ts';
import { openStream } from './stream.ts';

/** Everything before it was sent: store `cursor` together with what you made of the events. */
export interface Cursor {
  readonly type: 'cursor';
  readonly cursor: string;
}

/** What you hold may be wrong: events are missing. Forget the cursor, read a snapshot, continue. */
export interface Reset {
  readonly type: 'reset';
}

/** A connection was opened; comes again after every reconnect. */
export interface Open {
  readonly type: 'open';
}

/** Before the server says otherwise, ms. */
const RETRY_MS = 1000;
/** A connection that lived this long proves that the server works again, ms. */
const HEALTHY_MS = 10_000;

/**
 * The events after a cursor, without one from now on, over as many connections as it takes: it reconnects by itself
 * where the last `cursor` stands. At least once: after a reconnect the last seconds may come again, so drop what is not
 * {@link newer}. Nothing more is read while you work on what came.
 *
 * @throws FollowError that a retry cannot help: `unauthorized`, `forbidden`, `invalid`. Ends when `signal` aborts.
 * @example
 * for await (const event of events({ url, getToken }, await load())) {
 *   if (event.type === 'rollcall.transition') show(event.data);
 *   else if (event.type === 'cursor') await save(event.cursor);
 * }
 */
export async function* events(
  options: EventsOptions,
  cursor?: string,
): AsyncGenerator<Open | FollowedEvent | Cursor | Reset, void, void> {
  const { signal, onState } = options;
  const caller = new Caller(options);
  let at = cursor;
  let retryMs = RETRY_MS;
  for (let attempt = 0; !signal?.aborted; ) {
    let openedAt: number | undefined;
    let problem: FollowError | undefined;
    onState?.({ state: 'connecting' });
    // A token that is asked for at each connection is never the one with which the last stream ended.
    caller.forgetToken();
    const stream = openStream(options, caller, at);
    try {
      // By hand and not with `for await`: what the consumer throws is not a failure of the stream.
      for (;;) {
        const step = await next(stream, signal);
        if (step instanceof FollowError) problem = step;
        if (step === undefined || step instanceof FollowError) break;
        if (step === 'opened') {
          openedAt = performance.now();
          onState?.({ state: 'following' });
          yield { type: 'open' };
          continue;
        }
        for (const { event, id, retry } of step) {
          retryMs = retry ?? retryMs;
          // Should the connection break before the next `id`, there is nothing to resume from.
          if (event?.type === 'reset') at = undefined;
          if (event !== undefined) yield event;
          // After the events in front of it were taken. An empty id is kept out: to resume earlier is safe.
          if (id) {
            at = id;
            yield { type: 'cursor', cursor: id };
          }
        }
      }
    } finally {
      await stream.return();
    }
    if (signal?.aborted) return;
    if (problem && !problem.retryable) throw problem;
    if (openedAt !== undefined && performance.now() - openedAt >= HEALTHY_MS) attempt = 0;
    const ms = delayOf(problem, attempt++, retryMs);
    onState?.({ state: 'waiting', ms, ...(problem && { error: problem }) });
    await pause(ms, signal);
  }
}

/** The next step of a stream, `undefined` at its end or when the app ended it, or the error that broke it. */
const next = async (stream: ReturnType<typeof openStream>, signal: AbortSignal | undefined) => {
  try {
    const { done, value } = await stream.next();
    return done ? undefined : value;
  } catch (error) {
    if (signal?.aborted) return undefined;
    if (error instanceof FollowError) return error;
    throw error;
  }
};

const delayOf = (problem: FollowError | undefined, attempt: number, retryMs: number): number => {
  if (problem?.retryAfterMs !== undefined) return problem.retryAfterMs * (1 + Math.random() / 5);
  return problem === undefined ? retryMs * (0.5 + Math.random()) : backoff(attempt, retryMs);
};
