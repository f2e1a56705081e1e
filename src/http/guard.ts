import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answeredEarly } from './client-error.ts';
import { invalid } from './errors.ts';
import type { AddressLimit } from './limits.ts';
import { isSocketUpgrade } from './websocket-relay.ts';

/** How long the rest of an answered request's body is read and dropped, ms; then the connection closes. */
const LEFTOVER_MS = 1000;

const announcesBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** Methods whose bodies mean nothing, so that none is read. */
const BODYLESS: readonly string[] = ['GET', 'HEAD'];

/**
 * Checks that every request passes before anything is done for it, whatever it asks for: preflights, unknown paths
 * and plain requests for a WebSocket cost as much as calls do. Upgrades to a WebSocket have a separate limit.
 */
export const guardRequests = (app: FastifyInstance, limitAddress: AddressLimit): void => {
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request;
    if (!isSocketUpgrade(raw)) limitAddress(raw);
    // Its peer has reset the connection and would not read an answer, so there is none to log or count.
    if (raw.socket.destroyed) {
      reply.hijack();
      return;
    }
    if (!announcesBody(request)) return;
    reply.raw.once('finish', () => {
      if (raw.complete || raw.destroyed) return;
      answeredEarly(raw.socket);
      // The connection is closed with the request.
      const cutOff = setTimeout(() => raw.destroy(), LEFTOVER_MS).unref();
      raw.once('close', () => clearTimeout(cutOff));
    });
    if (BODYLESS.includes(request.method)) throw invalid(`A ${request.method} has no body.`);
  });
};
