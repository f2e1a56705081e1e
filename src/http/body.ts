import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ownerOf } from '../auth/principal.ts';
import { ownerKey } from '../domain/model.ts';
import { isWithinBounds } from '../protocol/json-bounds.ts';
import { callerOf } from './auth.ts';
import type { BodyBudget } from './body-budget.ts';
import { invalid, timedOut, tooLarge } from './errors.ts';

/** More than the largest valid body: a batch has a thousand users. */
const BOUNDS = { depth: 32, values: 2048 } as const;

const BROKEN_OFF = 'The request could not be read.';

/**
 * Reads a body to its end, within the bounds of its route and of all bodies in progress.
 *
 * @throws ProblemError `too_large`, `timeout`, `rate_limited`, `unavailable`; what has arrived is then freed.
 */
const readBody = (request: FastifyRequest, payload: IncomingMessage, budget: BodyBudget): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const { bodyLimit } = request.routeOptions;
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > bodyLimit) throw tooLarge();
    // The peer has already gone, and nothing would ever end the wait.
    if (payload.destroyed) throw invalid(BROKEN_OFF);
    const body = budget.begin(ownerKey(ownerOf(callerOf(request))));
    let chunks: Buffer[] = [];
    let length = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(deadline);
      payload.off('data', take).off('end', end).off('error', fail).off('close', fail);
      body.end();
      settle();
      chunks = [];
    };
    const refuse = (error: unknown): void => finish(() => reject(error));
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      try {
        if (length > bodyLimit) throw tooLarge();
        body.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    };
    const end = (): void => finish(() => resolve(Buffer.concat(chunks, length)));
    const fail = (): void => refuse(invalid(BROKEN_OFF));
    const deadline = setTimeout(() => refuse(timedOut()), budget.limits.withinMs);
    payload.on('data', take).on('end', end).on('error', fail).on('close', fail);
  });

const textOf = (body: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw invalid('The body is not valid UTF-8.');
  }
};

/**
 * Reads JSON bodies only, from authenticated callers. Bytes that are not UTF-8 are refused instead of replaced: a
 * replaced byte in an id would name another user. An empty body is none, for clients that send a content type with
 * every request.
 */
export const registerJsonBodies = (app: FastifyInstance, budget: BodyBudget): void => {
  const parse = app.getDefaultJsonParser('error', 'error');
  const parseJson = (request: FastifyRequest, text: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      void parse(request, text, (error, value) => (error === null ? resolve(value) : reject(error)));
    });
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await readBody(request, payload, budget);
    if (body.length === 0) return undefined;
    const text = textOf(body);
    if (!isWithinBounds(text, BOUNDS))
      throw invalid('The body has more fields or nesting than any valid one.');
    return parseJson(request, text);
  });
};
