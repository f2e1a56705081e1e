import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ownerOf } from '../auth/principal.ts';
import { ownerKey } from '../domain/model.ts';
import { HeldBytes } from '../session/held-bytes.ts';
import { knownCaller } from './auth.ts';
import { rateLimited } from './errors.ts';

/** Bounds for answers that were written but not read by the caller's system. */
export interface UnreadLimits {
  /** Bytes of one caller at which nothing more is done for them; what is under way by then may be as much again. */
  readonly perCaller: number;
  /** Bytes of all. */
  readonly inAll: number;
  /** From the writing of an answer until all of it is taken, ms. */
  readonly withinMs: number;
}

const MIB = 1_048_576;

/** Callers that read what they asked for have nothing unread but for some milliseconds. */
const UNREAD_LIMITS: UnreadLimits = { perCaller: 4 * MIB, inAll: 64 * MIB, withinMs: 30_000 };

/** What an answer weighs beside its body: its headers, and the objects of a request that is not over. */
const ANSWER_BYTES = 8192;

/** How soon a caller who leaves too much unread may try again, ms. */
const RETRY_MS = 1000;

interface Unread {
  readonly socket: Socket;
  /** It was taken, or never will be. */
  over(): void;
}

/**
 * Bounds the memory of answers for callers that do not read. A caller that requests a large answer and never reads it
 * costs all of it, and a limit of requests a second does not bound how many are held at once.
 */
export class UnreadAnswers {
  readonly #limits: UnreadLimits;
  readonly #held: HeldBytes<Unread>;
  /** Only callers that have something unread now. */
  readonly #byCaller = new Map<string, number>();
  readonly #bySocket = new WeakMap<Socket, Set<Unread>>();

  constructor(limits: UnreadLimits = UNREAD_LIMITS) {
    this.#limits = limits;
    this.#held = new HeldBytes(limits.inAll, (unread) => this.#cut(unread));
  }

  /** Bytes that are unread now. */
  get total(): number {
    return this.#held.total;
  }

  /** Before anything is done for a caller. @throws ProblemError `rate_limited` when too much of theirs is unread. */
  admit(caller: string): void {
    if ((this.#byCaller.get(caller) ?? 0) >= this.#limits.perCaller) throw rateLimited(RETRY_MS);
  }

  /**
   * An answer is about to be written. It is held until it is taken; one that is not taken in time has its connection cut.
   *
   * @throws ProblemError `rate_limited` when far too much of the caller's is unread. That refusal is an answer too:
   * small ones may add up to as much again, then the connection is cut.
   */
  begin(caller: string, response: ServerResponse, bodyBytes: number): void {
    const bytes = ANSWER_BYTES + bodyBytes;
    const theirs = this.#byCaller.get(caller) ?? 0;
    const over = theirs + bytes - 2 * this.#limits.perCaller;
    if (over > 0 && bodyBytes > ANSWER_BYTES) throw rateLimited(RETRY_MS);
    const { socket } = response.req;
    if (over > this.#limits.perCaller) socket.destroy();
    // The peer has already gone, and no event would ever report the end.
    if (socket.destroyed || response.destroyed) return;
    this.#byCaller.set(caller, theirs + bytes);
    let isOver = false;
    const unread: Unread = {
      socket,
      over: () => {
        if (isOver) return;
        isOver = true;
        clearTimeout(late);
        this.#held.release(unread);
        this.#ofSocket(socket).delete(unread);
        this.#giveBack(caller, bytes);
      },
    };
    const late = setTimeout(() => this.#cut(unread), this.#limits.withinMs).unref();
    response.once('finish', unread.over).once('close', unread.over);
    this.#ofSocket(socket).add(unread);
    this.#held.add(unread, bytes);
  }

  /** An answer queued behind another one on its connection gets no event when the connection ends. */
  #ofSocket(socket: Socket): Set<Unread> {
    let answers = this.#bySocket.get(socket);
    if (answers === undefined) {
      answers = new Set();
      this.#bySocket.set(socket, answers);
      socket.once('close', () => {
        for (const { over } of [...this.#ofSocket(socket)]) over();
      });
    }
    return answers;
  }

  #giveBack(caller: string, bytes: number): void {
    const left = (this.#byCaller.get(caller) ?? 0) - bytes;
    if (left > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }

  /** Closes the connection too: everything that follows on it is queued behind the unread answer. */
  #cut({ socket, over }: Unread): void {
    socket.destroy();
    over();
  }
}

/** What a file that is sent piece by piece holds of itself, about. */
const STREAM_BYTES = 131_072;

const lengthOf = (payload: unknown): number => {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (Buffer.isBuffer(payload)) return payload.length;
  return payload === null || payload === undefined ? 0 : STREAM_BYTES;
};

/**
 * Counts every answer but event streams, which bound what they hold. @param addressOf - the owner while the caller is
 * not authenticated.
 */
export const countUnread = (
  app: FastifyInstance,
  unread: UnreadAnswers,
  addressOf: (request: IncomingMessage) => string,
): void => {
  // No tenant has such a name, so that an address is never taken for a user.
  const stranger = ({ raw }: FastifyRequest): string => `@${addressOf(raw)}`;
  const callerOf = (request: FastifyRequest): string => {
    const caller = knownCaller(request);
    return caller === undefined ? stranger(request) : ownerKey(ownerOf(caller));
  };
  app.addHook('onRequest', async (request) => unread.admit(stranger(request)));
  app.addHook('onSend', async (request, reply, payload) => {
    unread.begin(callerOf(request), reply.raw, lengthOf(payload));
    return payload;
  });
};
