import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { until } from './until.ts';

/** Where a herd may connect. */
interface Place {
  readonly wsUrl: string;
  readonly running: boolean;
}

export interface HerdOptions {
  readonly users: readonly string[];
  readonly token: (user: string) => Promise<string>;
  /** The nodes a balancer would choose from now. */
  readonly places: () => readonly Place[];
}

/** How long a good client waits before it tries again after an answer that says nothing of it, ms. */
const RETRY_MS = 250;
/** Without a welcome by then an attempt has failed, ms. */
const ATTEMPT_MS = 15_000;

interface Member {
  readonly user: string;
  readonly token: string;
  socket: WebSocket | undefined;
  /** Running time at which it lost its connection, and got the next one; ms. */
  lostAt: number;
  welcomedAt: number;
  isWelcome: boolean;
}

/** How one attempt ended. */
interface Outcome {
  readonly code: number;
  /** What the server asked for, ms. */
  readonly afterMs?: number;
}

/**
 * Very many clients of one connection each that do what the protocol asks of a good one: come back after a `reconnect`
 * frame when it says, on another node; after a crash at once; after a refusal later. They remember little.
 */
export class Herd {
  readonly #members: readonly Member[];
  readonly #options: HerdOptions;
  readonly #lives: Promise<void>[] = [];
  /** How attempts and connections ended, by close code or HTTP status. */
  readonly ends = new Map<number, number>();
  #turn = 0;
  #stopped = false;

  private constructor(options: HerdOptions, members: readonly Member[]) {
    this.#options = options;
    this.#members = members;
  }

  /** Connects everybody. */
  static async gather(options: HerdOptions, withinMs = 60_000): Promise<Herd> {
    const members: Member[] = [];
    for (const user of options.users) {
      const token = await options.token(user);
      members.push({ user, token, socket: undefined, lostAt: 0, welcomedAt: 0, isWelcome: false });
    }
    const herd = new Herd(options, members);
    for (const member of members) herd.#lives.push(herd.#live(member));
    await herd.complete(withinMs);
    return herd;
  }

  get here(): number {
    return this.#members.filter(({ isWelcome }) => isWelcome).length;
  }

  complete(withinMs: number): Promise<unknown> {
    return until(() => this.here === this.#members.length, {
      timeoutMs: withinMs,
      what: `${this.#members.length} clients to be there`,
    });
  }

  /** Who lost a connection since `from` (running time, ms), and how long each was without one, ms. */
  awaySince(from: number): ReadonlyMap<string, number> {
    const away = new Map<string, number>();
    for (const { user, lostAt, welcomedAt } of this.#members) {
      if (lostAt >= from)
        away.set(user, welcomedAt > lostAt ? welcomedAt - lostAt : Number.POSITIVE_INFINITY);
    }
    return away;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { socket } of this.#members) socket?.terminate();
    await Promise.all(this.#lives);
  }

  async #live(member: Member): Promise<void> {
    while (!this.#stopped) {
      const places = this.#options.places().filter(({ running }) => running);
      const place = places[this.#turn++ % Math.max(1, places.length)];
      const { code, afterMs } = place === undefined ? { code: 0 } : await this.#attempt(member, place.wsUrl);
      this.ends.set(code, (this.ends.get(code) ?? 0) + 1);
      if (this.#stopped) return;
      // A crash has no code of the service: everybody comes back at once, which is the herd.
      const isCrash = code === 1006 && member.lostAt > member.welcomedAt;
      await sleep(afterMs ?? (isCrash ? 0 : RETRY_MS));
    }
  }

  #attempt(member: Member, url: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, {
        headers: { authorization: `Bearer ${member.token}` },
        perMessageDeflate: false,
      });
      member.socket = socket;
      let afterMs: number | undefined;
      let status: number | undefined;
      const late = setTimeout(() => socket.terminate(), ATTEMPT_MS);
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; afterMs?: number };
        if (frame.type === 'reconnect') afterMs = frame.afterMs;
        if (frame.type !== 'welcome') return;
        clearTimeout(late);
        member.isWelcome = true;
        member.welcomedAt = performance.now();
      });
      socket.on('unexpected-response', (_request, response) => {
        status = response.statusCode;
        afterMs = Number(response.headers['retry-after'] ?? 0) * 1000 || undefined;
        response.resume();
        socket.terminate();
      });
      socket.on('error', () => undefined);
      socket.on('close', (code) => {
        clearTimeout(late);
        if (member.isWelcome) member.lostAt = performance.now();
        member.isWelcome = false;
        resolve({ code: status ?? code, ...(afterMs !== undefined && { afterMs }) });
      });
    });
  }
}
