import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerError, invalid } from './errors.ts';
import type { AddressLimit } from './limits.ts';

/** Set by Node's parser when it has handed the connection over; its types do not say so. */
const isUpgrade = ({ raw }: FastifyRequest): boolean =>
  (raw as { readonly upgrade?: boolean }).upgrade === true;

/** An answer on a connection without a parser is the last one: nothing else would ever close it. */
const closeAfterwards = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.header('connection', 'close');
  reply.raw.once('finish', () => request.raw.socket.destroySoon());
};

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/**
 * Sees that a plain answer to a request for an upgrade (of any protocol: HTTP clients offer h2c unasked) ends its
 * connection, and refuses one that came with a body: Node has not read it and never will.
 */
export const endUpgrades = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    if (!isUpgrade(request)) return;
    closeAfterwards(request, reply);
    if (hasBody(request))
      throw invalid('A request with a body may not upgrade: send it without the Upgrade header.');
  });
};

/** Answers a URL that the router cannot read; no hook runs for it, so it is counted here. */
export const answerBadUrl =
  (limitAddress: AddressLimit) =>
  (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    if (isUpgrade(request)) closeAfterwards(request, reply);
    try {
      limitAddress(request.raw);
      answerError(error, request, reply);
    } catch (limited) {
      answerError(limited, request, reply);
    }
  };
