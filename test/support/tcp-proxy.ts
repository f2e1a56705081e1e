import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which way bytes stop: from the node towards Redis, from Redis towards the node, or both. */
export type Direction = 'up' | 'down' | 'both';

/** Where the proxy leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

const HOST = '127.0.0.1';
const SNIFFED_BYTES = 65_536;

/** One proxied connection. */
export class Link {
  readonly client: Socket;
  readonly server: Socket;
  /** The connection sent SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. */
  subscriber = false;
  #sniffed = '';
  /** What the node sent and the store is not to have yet. */
  #held: Buffer[] | undefined;

  constructor(client: Socket, server: Socket) {
    this.client = client;
    this.server = server;
  }

  sniff(chunk: Buffer): void {
    if (this.subscriber || this.#sniffed.length > SNIFFED_BYTES) return;
    this.#sniffed += chunk.toString('latin1');
    this.subscriber = /\r\n[ps]?subscribe\r\n/i.test(this.#sniffed);
  }

  /**
   * Stops forwarding without closing, as a link does whose packets vanish: what is sent meanwhile waits in buffers and
   * arrives late if the link heals.
   */
  stall(direction: Direction): void {
    if (direction !== 'down') this.client.pause();
    if (direction !== 'up') this.server.pause();
  }

  heal(): void {
    this.client.resume();
    this.server.resume();
  }

  /** From now on what the node sends is kept back, until {@link deliver}: also when the node has long closed the link. */
  hold(): void {
    this.#held ??= [];
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** Takes bytes that are kept back. */
  keep(chunk: Buffer): void {
    this.#held?.push(chunk);
  }

  /** The node is told that the link broke, the store is not. */
  abandon(): void {
    this.hold();
    this.client.destroy();
  }

  /** What was kept back reaches the store, as late as this. @returns how many bytes. */
  deliver(): number {
    const late = Buffer.concat(this.#held ?? []);
    this.#held = undefined;
    if (this.server.writable) {
      this.server.write(late);
      if (this.client.destroyed) this.server.end();
    }
    return late.length;
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }
}

/** Bytes on their way to a socket: they may be late, but a stream never changes its order, also when the delay does. */
class Line {
  readonly #to: Socket;
  readonly #late: { readonly chunk: Buffer; readonly due: number }[] = [];

  constructor(to: Socket) {
    this.#to = to;
  }

  /** Whether bytes with this text are late at the moment. */
  has(text: string): boolean {
    return this.#late.some(({ chunk }) => chunk.includes(text));
  }

  add(chunk: Buffer, delayMs: number): void {
    if (delayMs === 0 && this.#late.length === 0) {
      this.#write(chunk);
      return;
    }
    this.#late.push({ chunk, due: performance.now() + delayMs });
    if (this.#late.length === 1) this.#wait();
  }

  #wait(): void {
    const [first] = this.#late;
    if (first === undefined) return;
    setTimeout(
      () => {
        for (; this.#late[0] !== undefined && this.#late[0].due <= performance.now(); this.#late.shift())
          this.#write(this.#late[0].chunk);
        this.#wait();
      },
      Math.max(0, Math.ceil(first.due - performance.now())),
    ).unref();
  }

  #write(chunk: Buffer): void {
    if (this.#to.writable) this.#to.write(chunk);
  }
}

/** A TCP proxy with faults, to stand between one node and its Redis. */
export class TcpProxy {
  readonly port: number;
  readonly links = new Set<Link>();
  /** Connections that were asked for so far, refused ones included. */
  asked = 0;
  readonly target: Target;
  readonly #listener: Server;
  readonly #answers = new Set<Line>();
  #delayMs = 0;
  #answersDelayMs = 0;
  #refusing = false;
  #stalled: Direction | undefined;

  private constructor(listener: Server, target: Target) {
    this.#listener = listener;
    this.target = target;
    const address = listener.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    listener.on('connection', (client) => this.#accept(client, target));
  }

  static async start(target: Target, port = 0): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, HOST, resolve);
    });
    return new TcpProxy(listener, target);
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`;
  }

  get subscribers(): Link[] {
    return [...this.links].filter((link) => link.subscriber);
  }

  /** Every chunk arrives so much later, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** What Redis answers to commands arrives so much later; messages of subscriptions do not. */
  delayAnswers(ms: number): void {
    this.#answersDelayMs = ms;
  }

  /** Whether an answer with this text was given and did not arrive yet. */
  isAnswering(text: string): boolean {
    return [...this.#answers].some((line) => line.has(text));
  }

  /** Closes every connection and refuses new ones until {@link heal}. */
  cut(): void {
    this.#refusing = true;
    for (const link of this.links) link.destroy();
  }

  /** Stops forwarding on every connection, now and to come, closing none, until {@link heal}. */
  stall(direction: Direction = 'both'): void {
    this.#stalled = direction;
    for (const link of this.links) link.stall(direction);
  }

  heal(): void {
    this.#refusing = false;
    this.#stalled = undefined;
    for (const link of this.links) link.heal();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #accept(client: Socket, target: Target): void {
    this.asked += 1;
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const server = connect({ port: target.port, host: target.host, noDelay: true });
    const link = new Link(client, server);
    const up = new Line(server);
    const down = new Line(client);
    this.links.add(link);
    this.#answers.add(down);
    client.setNoDelay(true);
    client.on('data', (chunk) => {
      link.sniff(chunk);
      if (link.holding) link.keep(chunk);
      else up.add(chunk, this.#delayMs);
    });
    server.on('data', (chunk) =>
      down.add(chunk, this.#delayMs + (link.subscriber ? 0 : this.#answersDelayMs)),
    );
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        // The packets of a dead node may still be on their way.
        if (socket === client && link.holding) return;
        link.destroy();
        this.links.delete(link);
        this.#answers.delete(down);
      });
    }
    if (this.#stalled !== undefined) link.stall(this.#stalled);
  }
}
