import { type TSchema, Type } from 'typebox';
import { UNCERTAIN } from './errors.ts';
import { PROBLEM_TYPE, type ProblemCode, problemOf } from './problem.ts';
import { named, ProblemSchema } from './schemas.ts';

/** An answer as a route declares it: what it means, and the JSON it carries. */
export const answer = (description: string, schema: TSchema) => ({
  description,
  content: { 'application/json': { schema } },
});

export const noContent = (description: string) => Type.Null({ description });

const RETRY_AFTER = {
  'retry-after': { type: 'integer', description: 'seconds to wait before the next attempt' },
};

interface Documented {
  readonly code: ProblemCode;
  readonly description: string;
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, object>>;
}

const PROBLEMS = {
  400: {
    code: 'invalid',
    description: 'The request is not valid; `detail` names the field.',
    detail: 'body.users is required',
  },
  401: {
    code: 'unauthorized',
    description: 'No token, or one that is not valid.',
    detail: 'the token has expired',
    headers: {
      'www-authenticate': { type: 'string', description: 'what is wrong with the token, RFC 6750' },
    },
  },
  403: {
    code: 'forbidden',
    description: 'The token does not allow this.',
    detail: 'This needs the scope read.',
  },
  404: { code: 'not_found', description: 'There is no such resource.' },
  408: {
    code: 'timeout',
    description: 'The request did not arrive in time; the connection is closed.',
    detail: 'The request did not arrive in time.',
  },
  409: {
    code: 'too_many_claims',
    description: 'The maximum number has been reached, or (`outdated`) a later word is known.',
    detail: 'There are eight claims of other services already.',
  },
  413: { code: 'too_large', description: 'The body is too large.', detail: 'The body is too large.' },
  429: {
    code: 'rate_limited',
    description: 'Too many requests.',
    detail: 'Too many requests: wait as Retry-After says.',
    headers: RETRY_AFTER,
  },
  431: {
    code: 'too_large',
    description: 'URL and headers are too long.',
    detail: 'The URL and headers are too long.',
  },
  500: { code: 'internal', description: 'Something unexpected.' },
  503: {
    code: 'unavailable',
    description: 'A part of the answer is not known right now, or it is unknown whether a change was made.',
    detail: UNCERTAIN,
    headers: RETRY_AFTER,
  },
} as const satisfies Record<number, Documented>;

const documented = (status: number, { code, description, detail, headers }: Documented) => ({
  description,
  ...(headers !== undefined && { headers }),
  content: { [PROBLEM_TYPE]: { schema: named(ProblemSchema), example: problemOf(status, code, detail) } },
});

/** The problems that every call may answer with. */
const ALWAYS = [400, 401, 403, 408, 429, 431, 500, 503] as const;

/** The problems of a call as its route declares them: the common ones, and those given. */
export const problems = (...more: readonly (keyof typeof PROBLEMS)[]): Record<number, object> =>
  Object.fromEntries([...ALWAYS, ...more].map((status) => [status, documented(status, PROBLEMS[status])]));
