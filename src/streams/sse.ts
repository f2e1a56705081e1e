/** The media type of a stream of server-sent events. */
export const EVENT_STREAM = 'text/event-stream';

/** One event of a stream of server-sent events. @param data - without line breaks, as JSON is. */
export const sseEvent = (event: string, data: string): string => `event: ${event}\ndata: ${data}\n\n`;

/** Where a client that reconnects continues. Browsers hand an `id` to the page only with an event that has data. */
export const sseCursor = (id: string): string => `id: ${id}\n${sseEvent('cursor', '{}')}`;

/** What was known before does not count any more. Browsers only hand on what has data. */
export const SSE_RESET = sseEvent('reset', '{}');

/** Keeps proxies from closing a quiet stream, and notices a client that is gone. */
export const SSE_COMMENT = ':\n\n';

/** How long a client waits before it comes back. */
export const sseRetry = (ms: number): string => `retry: ${Math.round(ms)}\n\n`;
