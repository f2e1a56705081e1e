import type { FastifyInstance } from 'fastify';
import { invalid } from './errors.ts';

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
    return parseJson(request, text, done);
  });
};
