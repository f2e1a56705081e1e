import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../observability/metrics.ts';

/**
 * The HTTP connections of a server, to bound those that are not in use. Each is *idle* (no request is being answered
 * on it, even if part of one has arrived) or *busy*. When one more opens than is allowed, the one idle for longest is
 * closed; when all are busy, the new one.
 */
export class HttpConnections {
  readonly #max: number;
  readonly #metrics: Pick<Metrics, 'httpConnections' | 'httpEvictions'>;
  /** In the order in which they became idle: that in which a Set iterates. */
  readonly #idle = new Set<Socket>();
  /** Requests in progress; a client may send several without waiting. */
  readonly #busy = new Map<Socket, number>();

  constructor(max: number, metrics: Pick<Metrics, 'httpConnections' | 'httpEvictions'>) {
    this.#max = max;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#idle.size + this.#busy.size;
  }

  /** Watches every connection of a server. @param admit - checks a new one; `false` closes it. */
  watch(server: Server, admit: (socket: Socket) => boolean): void {
    server.prependListener('connection', (socket: Socket) => {
      if (!admit(socket)) socket.destroy();
      else this.#open(socket);
    });
    server.prependListener('request', ({ socket }, response: ServerResponse) => {
      this.occupy(socket);
      response.once('close', () => this.#free(socket));
    });
  }

  /** A request is being answered on it. */
  occupy(socket: Socket): void {
    if (!this.#idle.delete(socket) && !this.#busy.has(socket)) return;
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
  }

  /** It has become a WebSocket or an event stream, which have separate bounds. */
  handOver(socket: Socket): void {
    this.#idle.delete(socket);
    this.#busy.delete(socket);
    this.#metrics.httpConnections.set(this.size);
  }

  #open(socket: Socket): void {
    this.#idle.add(socket);
    this.#metrics.httpConnections.set(this.size);
    socket.once('close', () => this.handOver(socket));
    if (this.size <= this.#max) return;
    const [longest] = this.#idle;
    if (longest === undefined) return;
    this.#metrics.httpEvictions.inc();
    this.handOver(longest);
    longest.destroy();
  }

  #free(socket: Socket): void {
    const requests = this.#busy.get(socket);
    if (requests === undefined) return;
    if (requests > 1) this.#busy.set(socket, requests - 1);
    else {
      this.#busy.delete(socket);
      this.#idle.add(socket);
    }
  }
}
