import type { IncomingMessage } from 'node:http';

/** A problem document of this service is far smaller. */
const MAX_BYTES = 8_192;
/** An answer that trickles in is not waited for. */
const WITHIN_MS = 2_000;
const MAX_SHOWN = 300;

/** A text of the server as it may be shown on a terminal: one line, and nothing that moves the cursor. */
export const shown = (text: string): string | undefined => {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, MAX_SHOWN);
};

const detailOf = (body: string): string | undefined => {
  try {
    const problem: unknown = JSON.parse(body);
    const detail = typeof problem === 'object' && problem !== null && 'detail' in problem && problem.detail;
    return typeof detail === 'string' ? shown(detail) : undefined;
  } catch {
    // A proxy in between answered with a page of its own.
    return undefined;
  }
};

/** The `detail` of the problem document with which an upgrade was refused; `undefined` when the answer has none. */
export const readDetail = async (response: IncomingMessage): Promise<string | undefined> => {
  const late = setTimeout(() => response.destroy(), WITHIN_MS);
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk;
      if (body.length > MAX_BYTES) return undefined;
    }
  } catch {
    return undefined;
  } finally {
    clearTimeout(late);
  }
  return detailOf(body);
};
