import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, type ProblemCode, problemOf } from './problem.ts';

/** What Node's parser says before there is a request: everything else is a malformed one. */
const BY_CODE: Readonly<Record<string, readonly [number, ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'too_large', 'The URL and headers are too long.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too_large', 'The body is too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'invalid', 'The request did not arrive in time.'],
};
const MALFORMED = [400, 'invalid', 'This is not valid HTTP.'] as const;

/** Answers a request that could not be parsed, and closes: nothing after it on the connection can be trusted. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = BY_CODE[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify(problemOf(status, code, detail));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};
