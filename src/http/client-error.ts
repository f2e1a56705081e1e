import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, type ProblemCode, type ProblemHeaders, problemOf } from './problem.ts';

/** Errors of Node's parser before there is a request; every other one means a malformed request. */
const BY_CODE: Readonly<Record<string, readonly [number, ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'too_large', 'The URL and headers are too long.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too_large', 'The body is too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'The request did not arrive in time.'],
};
const MALFORMED = [400, 'invalid', 'This is not valid HTTP.'] as const;

/** Answers without the framework, and closes: nothing that follows on the connection can be trusted. */
export const answerRaw = (
  socket: Socket,
  status: number,
  code: ProblemCode,
  detail: string,
  headers: ProblemHeaders = {},
): void => {
  const body = JSON.stringify(problemOf(status, code, detail));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // A server's sockets stay half open for as long as the peer likes.
  socket.once('finish', () => socket.destroy());
};

/** The response in progress on a socket, a field of Node that its types omit. */
const answerOn = (socket: Socket): ServerResponse | null | undefined =>
  (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage;

const answered = new WeakSet<Socket>();

/** A request was answered before all of it arrived: errors in the rest get no second answer. */
export const answeredEarly = (socket: Socket): void => void answered.add(socket);

/** Answers a request that could not be parsed, or did not arrive in time, and closes. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  const isGone = error.code === 'ECONNRESET' || socket.destroyed || !socket.writable;
  if (isGone || answered.has(socket) || answerOn(socket)?.headersSent === true) {
    socket.destroy();
    return;
  }
  answerRaw(socket, ...(BY_CODE[error.code ?? ''] ?? MALFORMED));
};
