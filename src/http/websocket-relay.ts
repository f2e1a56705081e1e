import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { answerRaw } from './client-error.ts';
import type { AddressLimit } from './limits.ts';
import { ProblemError } from './problem.ts';
import { hideQueryToken } from './websocket-token.ts';

function onSocketError(this: Socket): void {
  this.destroy();
}

const socketUpgrades = new WeakSet<IncomingMessage>();

/** Whether a request is an upgrade that the WebSocket plugin will see. */
export const isSocketUpgrade = (request: IncomingMessage): boolean => socketUpgrades.has(request);

/** The path alone. */
const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/**
 * RFC 9110 lets a server ignore an `Upgrade` it does not want, and every `curl --http2` sends one. Node does not: with
 * a listener for upgrades, all of them end up there.
 */
const serveWithoutUpgrade = (app: FastifyInstance, request: IncomingMessage, socket: Socket): void => {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  app.routing(request, response);
};

/**
 * Lets only upgrades to WebSocket on the given paths through to the plugin, which would answer one on any other route
 * with 101 and then close without a code.
 *
 * @returns where the plugin listens for upgrades, in place of the server.
 */
export const relayUpgrades = (
  app: FastifyInstance,
  paths: readonly string[],
  limitUpgrade: AddressLimit,
  occupied: (socket: Socket) => void,
): EventEmitter => {
  const relay = new EventEmitter();
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Node has removed its own listener, and an error without one would end the process.
    socket.on('error', onSocketError);
    occupied(socket);
    const toWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (!toWebSocket) {
      serveWithoutUpgrade(app, request, socket);
    } else if (request.method === 'GET' && paths.includes(pathOf(request.url ?? ''))) {
      hideQueryToken(request);
      socketUpgrades.add(request);
      socket.removeListener('error', onSocketError);
      relay.emit('upgrade', request, socket, head);
    } else {
      refuseElsewhere(request, socket, limitUpgrade, paths[0] ?? '');
    }
  });
  return relay;
};

const refuseElsewhere = (
  request: IncomingMessage,
  socket: Socket,
  limitUpgrade: AddressLimit,
  path: string,
): void => {
  try {
    limitUpgrade(request);
    answerRaw(socket, 404, 'not_found', `There is no WebSocket here; it is at ${path}.`);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    answerRaw(socket, error.status, error.code, error.message, error.headers);
  }
};
