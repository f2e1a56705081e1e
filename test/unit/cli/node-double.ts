import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Accepted {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly frames: Record<string, unknown>[];
  send(frame: object): void;
}

/** Plays a node: accepts connections, records what they send, and says what a test tells it to say. */
export class NodeDouble {
  readonly accepted: Accepted[] = [];
  /** Answers the next upgrades with an HTTP status instead. */
  refuse: { status: number; headers?: Record<string, string>; body?: string } | undefined;
  onConnection: (connection: Accepted) => void = () => {};
  onFrame: (connection: Accepted, frame: Record<string, unknown>) => void = () => {};
  refused = 0;
  readonly #http: Server = createServer((_request, response: ServerResponse) => response.end());
  readonly #sockets = new WebSocketServer({ noServer: true });

  async start(): Promise<string> {
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.refuse) {
        this.refused += 1;
        const headers = Object.entries(this.refuse.headers ?? {}).map(
          ([name, value]) => `${name}: ${value}\r\n`,
        );
        const { status, body = '' } = this.refuse;
        const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
        socket.end(`HTTP/1.1 ${status} No\r\n${headers.join('')}${length}Connection: close\r\n\r\n${body}`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, request));
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  #accept(socket: WebSocket, request: IncomingMessage): void {
    const connection: Accepted = {
      socket,
      request,
      frames: [],
      send: (frame) => socket.send(JSON.stringify(frame)),
    };
    this.accepted.push(connection);
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Record<string, unknown>;
      connection.frames.push(frame);
      if (frame['type'] === 'bye') socket.close(1000);
      this.onFrame(connection, frame);
    });
    connection.send({ type: 'welcome', user: 'watcher', tenant: 'default', pingIntervalMs: 25_000 });
    this.onConnection(connection);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.accepted) socket.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
