import { connect, createServer, type Server, type Socket } from 'node:net';

/** Where a connection may go. */
interface Backend {
  readonly port: number;
  readonly running: boolean;
}

/** Sends each connection to the next node that takes one, as a load balancer in front of the service does. */
export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param backends - asked at each connection: nodes that are drained are not in it. */
  static async start(backends: () => readonly Backend[]): Promise<Balancer> {
    const server = createServer();
    const balancer = new Balancer(server);
    server.on('connection', (client) => balancer.#accept(client, backends()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get wsUrl(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  #accept(client: Socket, backends: readonly Backend[]): void {
    const running = backends.filter((backend) => backend.running);
    const backend = running[this.#turn++ % Math.max(1, running.length)];
    if (!backend) {
      client.destroy();
      return;
    }
    const server = connect(backend.port, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
