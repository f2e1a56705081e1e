import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pathOf } from './observe.ts';
import { PROBLEM_TYPE, type ProblemCode, problemOf } from './problem.ts';
import { hideQueryToken } from './websocket-token.ts';

function onSocketError(this: Socket): void {
  this.destroy();
}

/** Answers where no framework is any more, and closes. */
const answerRaw = (socket: Socket, status: number, code: ProblemCode, detail: string): void => {
  const body = JSON.stringify(problemOf(status, code, detail));
  socket.write(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // Not `end`: a server's sockets stay half open for as long as the peer likes.
  socket.destroySoon();
};

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
export const relayUpgrades = (app: FastifyInstance, paths: readonly string[]): EventEmitter => {
  const relay = new EventEmitter();
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Node has removed its own listener, and an error without one would end the process.
    socket.on('error', onSocketError);
    const toWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (!toWebSocket) {
      serveWithoutUpgrade(app, request, socket);
    } else if (request.method === 'GET' && paths.includes(pathOf(request.url ?? ''))) {
      hideQueryToken(request);
      socket.removeListener('error', onSocketError);
      relay.emit('upgrade', request, socket, head);
    } else {
      answerRaw(socket, 404, 'not_found', `There is no WebSocket here; it is at ${paths[0]}.`);
    }
  });
  return relay;
};
