import type { FastifyInstance } from 'fastify';
import { isWithinBounds } from '../protocol/json-bounds.ts';
import { invalid } from './errors.ts';

/** More than the largest body that is good: a batch has a thousand users. */
const BOUNDS = { depth: 32, values: 2048 } as const;

/**
 * Reads JSON bodies and no others. Bytes that are not UTF-8 are refused instead of replaced: a replaced byte in an
 * id would name another user. An empty body is none, for clients that send a content type with every request.
 */
export const registerJsonBodies = (app: FastifyInstance): void => {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    } catch {
      return done(invalid('The body is not valid UTF-8.'));
    }
    if (!isWithinBounds(text, BOUNDS)) return done(invalid('The body holds too much: it is not looked at.'));
    return parseJson(request, text, done);
  });
};
