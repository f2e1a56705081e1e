import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerError, invalid } from './errors.ts';

/** Set by Node's parser when it has handed the connection over; its types do not say so. */
const isUpgrade = ({ raw }: FastifyRequest): boolean =>
  (raw as { readonly upgrade?: boolean }).upgrade === true;

/** An answer on a connection without a parser is the last one: nobody else would ever close it. */
const closeAfterwards = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.header('connection', 'close');
  reply.raw.once('finish', () => request.raw.socket.destroySoon());
};

/**
 * Refuses what Node lets through and nothing behind it would understand rightly, and sees that a plain answer to a
 * request for an upgrade (of any protocol: HTTP clients offer h2c unasked) ends its connection.
 */
export const refuseOddRequests = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    const { url = '', method } = request.raw;
    if (isUpgrade(request)) {
      closeAfterwards(request, reply);
      // A body would be waited for in vain.
      if (method !== 'GET')
        throw invalid('Only GET may upgrade the connection: send this without the Upgrade header.');
    }
    // Node reads such bytes as Latin-1: an id written in UTF-8 without percent-encoding would name another user.
    if (/[^\x21-\x7e]/.test(url)) throw invalid('The URL must be percent-encoded.');
  });
};

/** Answers a URL that the router cannot read; no hook runs for it. */
export const answerBadUrl = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
  if (isUpgrade(request)) closeAfterwards(request, reply);
  answerError(error, request, reply);
};
