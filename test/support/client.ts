import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { ClientFrame, Presence, ServerFrame } from './frames.ts';
import { serverFrameProblem } from './server-frame-problem.ts';

/** Where the token goes: SPEC's four ways, or nowhere. */
export type SignIn = 'header' | 'subprotocol' | 'query' | 'frame' | 'none';

export interface ClientOptions {
  readonly token?: string;
  readonly signIn?: SignIn;
  readonly device?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `false`: never answers the server's pings. */
  readonly autoPong?: boolean;
  /** `false`: a node of another release, whose frames this one does not document. */
  readonly isDocumented?: boolean;
}

export interface Received {
  /** `performance.now()` at arrival. */
  readonly at: number;
  readonly frame: ServerFrame;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

const DEADLINE_MS = 10_000;
/** How much of the last frames an error repeats, characters. */
const REPORTED = 1_500;
let refs = 0;

/** A WebSocket client that speaks the public protocol and remembers everything it was sent. */
export class Client {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  opened = false;
  closed: Closed | undefined;
  /** The HTTP answer that came instead of an upgrade. */
  refused: { readonly status: number; readonly headers: IncomingMessage['headers'] } | undefined;
  readonly #waiters = new Set<() => void>();

  /** Opens a connection without waiting for anything. */
  constructor(url: string, options: ClientOptions = {}) {
    const { token, signIn = 'header', path = '/v1/ws', device, headers = {}, autoPong = true } = options;
    const { isDocumented = true } = options;
    const target = new URL(path, url);
    if (device !== undefined) target.searchParams.set('device', device);
    if (token !== undefined && signIn === 'query') target.searchParams.set('token', token);
    const bearer = token !== undefined && signIn === 'header' ? { Authorization: `Bearer ${token}` } : {};
    const protocols =
      token !== undefined && signIn === 'subprotocol' ? ['rollcall.v1', `bearer.${token}`] : [];
    this.socket = new WebSocket(target, protocols, {
      headers: { ...bearer, ...headers },
      perMessageDeflate: false,
      autoPong,
    });
    this.socket.on('open', () => {
      this.opened = true;
      if (token !== undefined && signIn === 'frame') this.send({ type: 'auth', token });
      this.#wake();
    });
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      // Thrown where nobody catches it: whatever a test is about, an undocumented frame fails it.
      const problem = isDocumented ? serverFrameProblem(frame) : undefined;
      if (problem !== undefined) throw new Error(`the service sent what is not documented: ${problem}`);
      this.received.push({ at: performance.now(), frame });
      this.#wake();
    });
    this.socket.on('unexpected-response', (_request, response) => {
      this.refused = { status: response.statusCode ?? 0, headers: response.headers };
      response.resume();
      this.socket.terminate();
      this.#wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    this.socket.on('error', () => this.#wake());
  }

  /** Opens a connection and waits for its `welcome`. */
  static async connect(url: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(url, options);
    await client.until(() => client.first('welcome') ?? client.over, { what: 'a welcome' });
    if (client.first('welcome') === undefined) {
      throw new Error(`no welcome: ${JSON.stringify(client.refused ?? client.closed)}`);
    }
    return client;
  }

  /** The connection has ended one way or the other. */
  get over(): boolean {
    return this.closed !== undefined || this.refused !== undefined;
  }

  get frames(): ServerFrame[] {
    return this.received.map(({ frame }) => frame);
  }

  /** All frames of one type, in order. */
  of<T extends ServerFrame['type']>(type: T, from = 0): Extract<ServerFrame, { type: T }>[] {
    const wanted = (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> => frame.type === type;
    return this.received
      .slice(from)
      .map(({ frame }) => frame)
      .filter(wanted);
  }

  first<T extends ServerFrame['type']>(type: T, from = 0): Extract<ServerFrame, { type: T }> | undefined {
    return this.of(type, from)[0];
  }

  /** A place in the history: frames that come from now on have this index or a later one. */
  get mark(): number {
    return this.received.length;
  }

  /** Everything this client was told of one user, snapshots included. */
  history(user: string, from = 0): Presence[] {
    return this.of('presence', from).flatMap((frame) => frame.users.filter((p) => p.user === user));
  }

  last(user: string): Presence | undefined {
    return this.history(user).at(-1);
  }

  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** Anything at all, for input no proper client sends. */
  sendRaw(data: string | Buffer): void {
    this.socket.send(data);
  }

  /** Sends a frame with a fresh `ref` and waits for what answers it: its snapshot, `ack`, `welcome` or `error`. */
  async ask(frame: ClientFrame, timeoutMs = DEADLINE_MS): Promise<ServerFrame> {
    const ref = `r${++refs}`;
    const from = this.mark;
    this.send({ ...frame, ref });
    return this.until(
      () =>
        this.frames
          .slice(from)
          .find((f) => 'ref' in f && f.ref === ref && !(f.type === 'presence' && f.more === true)),
      { timeoutMs, what: `an answer to ${frame.type}` },
    );
  }

  /** Watches and waits for the whole snapshot. */
  async watch(what: {
    users?: readonly string[];
    groups?: readonly string[];
    tenant?: true;
  }): Promise<Presence[]> {
    const from = this.mark;
    const answer = await this.ask({ type: 'watch', ...what });
    if (answer.type !== 'presence') throw new Error(`watch was answered ${JSON.stringify(answer)}`);
    return this.of('presence', from)
      .filter((frame) => frame.ref === answer.ref)
      .flatMap((frame) => frame.users);
  }

  /** Waits until the newest known status of a user is this one. */
  async sees(user: string, status: Presence['status'], timeoutMs = DEADLINE_MS): Promise<Presence> {
    await this.until(() => this.last(user)?.status === status, {
      timeoutMs,
      what: `${user} to be ${status}`,
    });
    return this.last(user) as Presence;
  }

  /** Waits for the end and returns the close code, or the HTTP status that refused the upgrade. */
  async end(timeoutMs = DEADLINE_MS): Promise<number> {
    await this.until(() => this.over, { timeoutMs, what: 'the end of the connection' });
    return this.refused?.status ?? this.closed?.code ?? 0;
  }

  /** Waits for a condition over what was received: looked at after every frame and at the end of the connection. */
  until<T>(
    condition: () => T,
    { timeoutMs = DEADLINE_MS, what = 'the condition' }: { timeoutMs?: number; what?: string } = {},
  ): Promise<NonNullable<T>> {
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const value = condition();
        if (value === undefined || value === null || value === false) return false;
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(value as NonNullable<T>);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(look);
        const seen = JSON.stringify(this.frames.slice(-12)).slice(-REPORTED);
        const ended = JSON.stringify(this.closed ?? this.refused ?? 'open');
        reject(new Error(`waited ${timeoutMs} ms for ${what}; connection ${ended}; last frames: ${seen}`));
      }, timeoutMs);
      if (!look()) this.#waiters.add(look);
    });
  }

  /** Says goodbye and waits for the server's close. */
  async bye(): Promise<number> {
    this.send({ type: 'bye' });
    return this.end();
  }

  /** A proper close without a goodbye, as a page that is left. */
  close(): void {
    this.socket.close();
  }

  /** The cable is pulled: no close frame. */
  terminate(): void {
    this.socket.terminate();
  }

  /** Stops taking bytes from the socket: the server's buffer fills. */
  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look();
  }
}
