import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_TENANT } from '../../domain/ids.ts';
import { readArguments, UsageError } from '../arguments.ts';
import type { Command, Io } from '../io.ts';
import { openIssuer } from '../token.ts';
import { Board } from './board.ts';
import type { ServerFrame } from './frames.ts';
import { jsonLine, placeLine, plainLine } from './line.ts';
import { hold } from './link.ts';
import { verdictOf } from './reconnect.ts';
import { Rooms } from './rooms.ts';
import { targetOf, watchFrames } from './target.ts';

const OPTIONS = {
  url: { type: 'string', default: 'ws://localhost:8080' },
  token: { type: 'string' },
  tenant: { type: 'boolean', default: false },
  place: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;

/** A connection that lasted this long counts as healthy: the next failure is the first again. */
const GOOD_MS = 10_000;
/** Pause before a watch that could not be answered is sent again. */
const ASK_AGAIN_MS = 2_000;
/** The watcher of the development key; it is never present. */
const WATCHER = { user: 'rollcall-watch', tenant: DEFAULT_TENANT, scope: 'watch watch:tenant' } as const;
const WATCH_TTL_S = 12 * 3_600;
const PASSING = ['unavailable', 'rate_limited'];

const sleep = (ms: number, stop: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal: stop }).catch(() => undefined);

interface Wanted {
  readonly users: readonly string[];
  readonly places: readonly string[];
  readonly tenant: boolean;
  readonly json: boolean;
}

/** One watcher over as many connections as it takes. */
class Watch {
  readonly #io: Io;
  readonly #board: Board;
  readonly #frames: ReadonlyMap<string, string>;
  readonly #print: typeof plainLine;
  readonly #rooms = new Rooms();
  readonly #printPlace: typeof placeLine;
  /** Why another attempt is pointless. */
  #refused: string | undefined;
  readonly #halt = new AbortController();

  constructor(io: Io, { users, places, tenant, json }: Wanted) {
    this.#io = io;
    this.#board = new Board(users);
    this.#frames = watchFrames(users, tenant, places);
    this.#print = json ? jsonLine : plainLine;
    this.#printPlace = json ? JSON.stringify : placeLine;
  }

  async run(url: URL, token: string): Promise<number> {
    const stop = AbortSignal.any([this.#io.stop, this.#halt.signal]);
    const onFrame = (frame: ServerFrame, send: (text: string) => void): void => this.#take(frame, send, stop);
    for (let attempt = 0; ; ) {
      const began = this.#io.now();
      const ending = await hold({ url, token, stop, onFrame });
      if (this.#refused !== undefined) return this.#end(this.#refused);
      if (stop.aborted) return 0;
      if (this.#io.now() - began >= GOOD_MS) attempt = 0;
      const verdict = verdictOf(ending, attempt, this.#io.random);
      if (!verdict.retry) return verdict.ok ? 0 : this.#end(verdict.why);
      attempt += 1;
      this.#io.err(`${verdict.why}; again in ${(verdict.delayMs / 1_000).toFixed(1)} s`);
      await sleep(verdict.delayMs, stop);
      if (stop.aborted) return 0;
    }
  }

  #end(why: string): number {
    this.#io.err(`rollcall: ${why}`);
    return 1;
  }

  #take(frame: ServerFrame, send: (text: string) => void, stop: AbortSignal): void {
    switch (frame.type) {
      case 'welcome':
        this.#io.err(`connected as ${JSON.stringify(frame.user)} of tenant ${frame.tenant}`);
        this.#board.opened();
        this.#rooms.opened();
        for (const text of this.#frames.values()) send(text);
        break;
      case 'presence':
        for (const news of this.#board.apply(frame)) this.#io.out(this.#print(news));
        break;
      case 'place':
        for (const news of this.#rooms.apply(frame)) this.#io.out(this.#printPlace(news));
        break;
      case 'gone':
        this.#board.forget(frame.users, frame.tenant === true);
        this.#rooms.forget(frame.places);
        this.#io.err(
          `no longer watching ${frame.tenant ? 'the tenant' : [...(frame.users ?? []), ...(frame.places ?? [])].map((id) => JSON.stringify(id)).join(', ')}`,
        );
        break;
      case 'degraded':
        this.#io.err(frame.on ? 'what you see may be stale' : 'what you see is fresh again');
        break;
      case 'error':
        this.#refuse(frame, send, stop);
        break;
    }
  }

  #refuse(frame: ServerFrame & { type: 'error' }, send: (text: string) => void, stop: AbortSignal): void {
    const text = this.#frames.get(frame.ref ?? '');
    if (text !== undefined && PASSING.includes(frame.code)) {
      this.#io.err(`${frame.code}: asking again`);
      const waitMs = ASK_AGAIN_MS * (0.5 + this.#io.random());
      // A connection that ended meanwhile drops it; the next one asks anyway.
      sleep(waitMs, stop).then(
        () => send(text),
        () => undefined,
      );
      return;
    }
    this.#refused = `${frame.code}: ${frame.message}`;
    this.#halt.abort();
  }
}

/** The token given, or in a clone one that its development key signs. */
const tokenOf = async (given: string | undefined, io: Io): Promise<string> => {
  if (given !== undefined && /^[\x21-\x7e]+$/.test(given)) return given;
  if (given === undefined && io.devKeyFile !== undefined && existsSync(io.devKeyFile)) {
    const issuer = await openIssuer(io);
    return (await issuer.issue({ ...WATCHER, ttlSeconds: WATCH_TTL_S })).token;
  }
  throw new UsageError(
    'a token is needed: --token, or ROLLCALL_TOKEN, which other users of the machine cannot see',
  );
};

/** Prints every transition of the users asked for, or of everyone, and who comes to and leaves the places asked for, until it is asked to stop. */
export const watch: Command = async (args, io) => {
  const { values, positionals } = readArguments(args, OPTIONS, true);
  const url = targetOf(values.url);
  const { tenant, json, place: places = [] } = values;
  if (positionals.length === 0 && !tenant && places.length === 0)
    throw new UsageError('name the users to watch, or give --place or --tenant');
  const token = await tokenOf(values.token ?? io.env.ROLLCALL_TOKEN, io);
  return new Watch(io, { users: positionals, places, tenant, json }).run(url, token);
};
