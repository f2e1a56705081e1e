import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Stable codes of error answers: clients switch on these, never on the text. One code has one status. */
export const PROBLEM_CODES = [
  'invalid',
  'unauthorized',
  'forbidden',
  'not_found',
  'too_many_claims',
  'too_many_sessions',
  'too_many_places',
  'outdated',
  'timeout',
  'too_large',
  'rate_limited',
  'unavailable',
  'internal',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export const PROBLEM_TYPE = 'application/problem+json';

/** The body of every error answer, as RFC 9457 has it; `code` is its extension member. */
export interface Problem {
  /** `about:blank`: the status says what kind of problem it is, and `code` which one. */
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ProblemCode;
}

/** Header names in lower case. */
export type ProblemHeaders = Readonly<Record<string, string>>;

export const problemOf = (status: number, code: ProblemCode, detail?: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  ...(detail !== undefined && { detail }),
  code,
});

/**
 * Answers with a problem. Also for hooks that run before a WebSocket upgrade.
 *
 * @param detail - for people; never holds a token, another user's data or the text of an unexpected error.
 */
export const sendProblem = (
  reply: FastifyReply,
  status: number,
  code: ProblemCode,
  detail?: string,
  headers: ProblemHeaders = {},
): FastifyReply =>
  reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(problemOf(status, code, detail));

/** Thrown where no reply object is available; the error mapper answers with it. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: ProblemHeaders;
  constructor(status: number, code: ProblemCode, detail: string, headers: ProblemHeaders = {}) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
