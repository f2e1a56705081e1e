import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { IssueError } from '../auth/issuer.ts';
import { AuthError } from '../auth/principal.ts';
import { FieldError } from '../protocol/status-fields.ts';
import { StoreError } from '../store/port/store-error.ts';
import { StreamRefused } from '../streams/stream-slots.ts';
import { ProblemError, sendProblem } from './problem.ts';

/** Seconds after which to retry an answer that is unknown now: about one heartbeat, in which the store may heal. */
const RETRY_AFTER_S = 2;

/** All that can be said of a write whose answer was lost, or that the required replicas did not confirm. */
export const UNCERTAIN =
  'There is no certain answer right now: try again. A change may or may not have been made.';

export const unavailable = (detail: string): ProblemError =>
  new ProblemError(503, 'unavailable', detail, { 'retry-after': String(RETRY_AFTER_S) });

export const invalid = (detail: string): ProblemError => new ProblemError(400, 'invalid', detail);

export const tooLarge = (): ProblemError => new ProblemError(413, 'too_large', 'The body is too large.');

export const timedOut = (): ProblemError =>
  new ProblemError(408, 'timeout', 'The request did not arrive in time.');

/** @param waitMs - how long until a request would be accepted. */
export const rateLimited = (waitMs: number): ProblemError =>
  new ProblemError(429, 'rate_limited', 'Too many requests: wait as Retry-After says.', {
    'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))),
  });

/**
 * Seconds after which a user with too many event streams may try again: a broken stream is noticed in about that
 * time.
 */
const STREAM_RETRY_S = 5;

const tooManyStreams = (most: number): ProblemError =>
  new ProblemError(
    429,
    'rate_limited',
    `Too many event streams: one user may have ${most} here. Those that are open go on.`,
    { 'retry-after': String(STREAM_RETRY_S) },
  );

/** RFC 6750: no error code where no token was given, so that a client knows what is missing. */
const unauthorized = (error: AuthError): ProblemError =>
  new ProblemError(401, 'unauthorized', error.message, {
    'www-authenticate': error.reason === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"',
  });

/** Errors of the framework that say something about the request, by their stable code. */
const FRAMEWORK: Readonly<Record<string, () => ProblemError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
  FST_ERR_CTP_INVALID_JSON_BODY: () => invalid('The body is not valid JSON.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => invalid('The body is empty.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => invalid('The content type must be application/json.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => invalid('The body is not as long as Content-Length says.'),
  FST_ERR_BAD_URL: () => invalid('The path is not valid percent-encoded UTF-8.'),
  FST_ERR_MAX_PARAM_LENGTH: () => invalid('A part of the path is too long.'),
  FST_ERR_HANDLER_TIMEOUT: () => unavailable('No answer in time.'),
};

const TOO_MANY = {
  claims: 'There are eight claims of services already.',
  sessions: 'There are sixteen sessions already.',
  places: 'The user is in sixty-four places, or has 16 KiB of data in them.',
} as const;

/** The problem that a caller gets for an error; `undefined` for an internal one. */
export const problemFor = (error: unknown): ProblemError | undefined => {
  if (error instanceof ProblemError) return error;
  if (error instanceof AuthError) return unauthorized(error);
  if (error instanceof StreamRefused)
    return error.code === 'too_many_streams'
      ? tooManyStreams(error.perUser)
      : unavailable('This node is at capacity: too many connections.');
  if (error instanceof FieldError) return invalid(`body.${error.message}`);
  if (error instanceof IssueError) {
    return error.code === 'no_key'
      ? new ProblemError(404, 'not_found', error.message)
      : invalid(error.message);
  }
  if (error instanceof StoreError) {
    if (error.code === 'unavailable') return unavailable(UNCERTAIN);
    if (error.code === 'invalid_cursor')
      return invalid('query.cursor is not a cursor that this service returned');
    if (error.code === 'too_many_claims') return new ProblemError(409, error.code, TOO_MANY.claims);
    if (error.code === 'outdated')
      return new ProblemError(409, error.code, 'A later word of this source is known: nothing was changed.');
    if (error.code === 'too_many_sessions') return new ProblemError(409, error.code, TOO_MANY.sessions);
    if (error.code === 'too_many_places') return new ProblemError(409, error.code, TOO_MANY.places);
    if (error.code === 'not_found')
      return new ProblemError(404, 'not_found', 'There is no such session: begin one first.');
    if (error.code === 'put_out')
      return new ProblemError(
        403,
        'forbidden',
        'The user was put out of this place: this needs a token issued later.',
      );
    if (error.code === 'revoked') return unauthorized(new AuthError('revoked', 'The token was revoked.'));
    return undefined;
  }
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK[code];
  if (known !== undefined) return known();
  // A request that broke off or is otherwise the client's fault; the text may be anything and is not passed on.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return invalid('The request could not be read.');
  }
  return undefined;
};

/**
 * The one place where errors become answers. Anything unexpected is logged here and answered as `internal`, without
 * details.
 */
export const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const problem = problemFor(error);
  if (problem === undefined) {
    request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    return sendProblem(reply, 500, 'internal');
  }
  return sendProblem(reply, problem.status, problem.code, problem.message, problem.headers);
};

const NO_SUCH_CALL = 'There is no such call; /docs lists those there are.';

/** Paths that the other of the two ports serves, and what to say of them. */
export interface Elsewhere {
  readonly paths: RegExp;
  readonly detail: string;
}

/** On the admin port: a client was given the wrong one of two ports. */
export const ON_PUBLIC_PORT: Elsewhere = {
  paths: /^\/(?:v1|ws|docs)(?:[/?]|$)/,
  detail: 'This is ADMIN_PORT, for health and metrics. The API is on PORT.',
};

/** On the public port: a probe or scraper was given the wrong one. */
export const ON_ADMIN_PORT: Elsewhere = {
  paths: /^\/(?:livez|readyz|metrics)(?:[/?]|$)/,
  detail: 'This is PORT, for clients. Health and metrics are on ADMIN_PORT.',
};

/** Makes errors of every route of an instance answer as problems. */
export const registerErrors = (app: FastifyInstance, elsewhere: Elsewhere): void => {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 404, 'not_found', elsewhere.paths.test(request.url) ? elsewhere.detail : NO_SUCH_CALL),
  );
};
