import { createServer, type Server } from 'node:net';

/** Something that speaks the protocol of Redis well enough to say of itself that it is too old. */
export class OldRedis {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(version: string): Promise<OldRedis> {
    const info = `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\nrole:master\r\nloading:0\r\n`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        // Every command begins with `*`: as many answers as there are commands.
        for (const [, name = ''] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          const isInfo = name.toLowerCase() === 'info';
          socket.write(isInfo ? `$${info.length}\r\n${info}\r\n` : `-ERR unknown command '${name}'\r\n`);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new OldRedis(server);
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
