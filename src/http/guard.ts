import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answeredEarly } from './client-error.ts';
import { invalid } from './errors.ts';
import type { AddressLimit } from './limits.ts';
import { isSocketUpgrade } from './websocket-relay.ts';

/** What is left of a body whose request was answered is read and dropped for so long, ms; then the connection closes. */
const LEFTOVER_MS = 1000;

const announcesBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** Methods whose bodies mean nothing, so that none is read. */
const BODYLESS: readonly string[] = ['GET', 'HEAD'];

/**
 * What every request passes before anything is done for it, whatever it asks for: preflights, paths that lead nowhere
 * and plain requests for a WebSocket cost as much as calls do. Upgrades to a WebSocket have a limit of their own.
 */
export const guardRequests = (app: FastifyInstance, limitAddress: AddressLimit): void => {
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request;
    if (!isSocketUpgrade(raw)) limitAddress(raw);
    // Its peer has reset the connection: nobody would read an answer, so there is none to log or count.
    if (raw.socket.destroyed) {
      reply.hijack();
      return;
    }
    if (!announcesBody(request)) return;
    reply.raw.once('finish', () => {
      if (raw.complete || raw.destroyed) return;
      answeredEarly(raw.socket);
      // With the request its connection goes.
      const cutOff = setTimeout(() => raw.destroy(), LEFTOVER_MS).unref();
      raw.once('close', () => clearTimeout(cutOff));
    });
    if (BODYLESS.includes(request.method)) throw invalid(`A ${request.method} has no body.`);
  });
};
