import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import type { Work } from '../fanout/fair-turns.ts';
import type { Refused, Sink } from '../fanout/fanout.ts';
import type { Leaving } from '../node/membership.ts';
import type { CloseCodeNumber, ErrorCode } from '../protocol/codes.ts';
import { refOf } from '../protocol/parse-frame.ts';
import { errorFrame } from '../protocol/server-frames.ts';
import { RecentTimes } from '../time/recent-times.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { closeLabel } from './close-label.ts';
import type { SessionHost } from './host.ts';
import { hasUnfinished } from './unfinished.ts';

const TEXT = { binary: false };
const NOTHING = Buffer.alloc(0);

/** While the peer has not taken this many bytes, nothing more is read from it: what it asks for would only pile up. */
const UNREAD_LIMIT = 65_536;

const MALFORMED_LIMIT = 10;
const MALFORMED_WINDOW_MS = 60_000;
const FLOOD_WINDOW_MS = 1000;

/** Listeners are shared by all sockets and find their connection here: a closure each would cost more than it. */
const OWNER = Symbol('connection');
interface Owned {
  [OWNER]?: Connection | undefined;
}
/** Codes of `ws` for a message that is too large, or in too many pieces: what it is closed with is 1009. */
const TOO_BIG = new Set(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'WS_ERR_TOO_MANY_BUFFERED_PARTS']);
const refusalCode = (code: string | undefined): number => {
  if (code === 'WS_ERR_INVALID_UTF8') return 1007;
  return TOO_BIG.has(code ?? '') ? 1009 : 1002;
};

/** What a piece of an unfinished message weighs beside its bytes: the objects that `ws` and Node keep for it. */
const PIECE_BYTES = 512;

/** Bytes of a frame that cost as much to read as the answer to a ping. */
const PING_COST_BYTES = 512;

interface Waiting {
  /** The person under whom these are counted: the one of the connection when the first of them came. */
  readonly person: string;
  readonly texts: string[];
}

const ownerOf = (socket: object): Connection | undefined => (socket as Owned)[OWNER];

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  ownerOf(this)?.received(data as Buffer, isBinary);
}
function onPing(this: WebSocket, data: Buffer): void {
  ownerOf(this)?.pinged(data);
}
function onPong(this: WebSocket): void {
  ownerOf(this)?.ponged();
}
function onError(this: WebSocket, error: Error & { code?: string }): void {
  ownerOf(this)?.failed(error.code);
}
function onClose(this: WebSocket, code: number): void {
  ownerOf(this)?.closed(code);
}
function onData(this: Socket, chunk: Buffer): void {
  ownerOf(this)?.arrived(chunk.length);
}
function onDrain(this: Socket): void {
  ownerOf(this)?.emptied();
}

/** What a connection carries: it handles the frames, and is called when something of the connection changes. */
export interface ConnectionHandler {
  /** For whom the frames are handled. */
  readonly person: string;
  /** Reading is paused, whatever the buffers say. */
  readonly held: boolean;
  /** A text frame within the limits, in its turn. Never while {@link held}. */
  text(text: string): void;
  /** All that was written has been taken. */
  drained(): void;
  /** The end was decided, by either side. Called once. */
  ended(how: Leaving): void;
  /** The socket is gone; nothing of it will happen any more. */
  closed(): void;
}

/**
 * One WebSocket without any idea of who is at its other end: limits, pings, flow control, and how it ends. Its methods
 * are for its own listeners and for its handler; outside, it is a {@link Sink}.
 */
export class Connection implements Sink, Work {
  readonly host: SessionHost;
  readonly #handler: ConnectionHandler;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #bucket: TokenBucket;
  #dropped: RecentTimes | undefined;
  #malformed: RecentTimes | undefined;
  /** Its end was decided: nothing is sent or heard any more, though the closing handshake may still run. */
  #over = false;
  /** The kernel did not take all that was written; {@link emptied} will come. */
  #backlogged = false;
  /** Running time of the next ping, and by which the last one must be answered; 0 for none. */
  #pingAt: number;
  #pongBy = 0;
  /** Called with the next sign of life, if one is awaited. */
  #answered: (() => void) | undefined;
  /** At the last ping a message had begun, and none has been finished since. */
  #unfinished = false;
  /** Frames that have come and were not handled: not in their turn yet, or while {@link held}. */
  #waiting: Waiting | undefined;
  /** It waits for its turn, with one frame of these. */
  #isQueued = false;

  /** @param socket - the one under `ws`, for what `ws` does not expose. */
  constructor(host: SessionHost, ws: WebSocket, socket: Socket, handler: ConnectionHandler) {
    this.host = host;
    this.#handler = handler;
    this.#ws = ws;
    this.#socket = socket;
    this.#bucket = new TokenBucket(host.settings.frameBurst, host.clock.monotonic());
    // Half an interval at random: who connected in one storm must not be pinged in one for ever.
    this.#pingAt = host.wheel.now + host.settings.pingIntervalMs * (1 - host.random() / 2);
    (ws as Owned)[OWNER] = this;
    (socket as Owned)[OWNER] = this;
    // The upgrade's own listeners hold on to the request with all its headers.
    ws.removeAllListeners();
    ws.on('message', onMessage);
    ws.on('ping', onPing);
    ws.on('pong', onPong);
    ws.on('error', onError);
    ws.on('close', onClose);
    // Behind the listener of `ws`, which has taken out by then what it was.
    socket.on('data', onData);
  }

  /** For whom its frames are handled. */
  get person(): string {
    return this.#handler.person;
  }

  /** Its end was decided. */
  get over(): boolean {
    return this.#over;
  }

  get buffered(): number {
    return this.#ws.bufferedAmount;
  }

  send(frame: string | Buffer): void {
    if (this.#over || this.#ws.readyState !== WebSocket.OPEN) return;
    this.#ws.send(frame, TEXT);
    const unread = this.#ws.bufferedAmount;
    if (unread === 0) return;
    if (unread > UNREAD_LIMIT) this.#ws.pause();
    if (!this.#backlogged) this.#awaitEmpty();
  }

  sendError(code: ErrorCode, message: string, ref?: string, refused?: Refused): void {
    this.host.metrics.frameErrors.inc({ code });
    this.send(errorFrame(code, message, ref, refused));
  }

  /** @param reason - for people who debug a client; cut at 123 bytes. */
  close(code: CloseCodeNumber, reason: string, how: Leaving = 'lost'): void {
    if (this.#over) return;
    this.#end(code, how);
    // The peer's half of the handshake has to be read. One that never comes is cut off by `ws` after its close timeout.
    this.#ws.resume();
    this.#ws.close(code, reason);
  }

  /** Without a handshake. */
  terminate(): void {
    this.#ws.terminate();
  }

  /** So much is unfinished on all sockets of this node that this one has to go, at once: a handshake would be more of it. */
  giveUp(): void {
    this.close(1009, 'too many messages are unfinished');
    this.terminate();
  }

  /** Stops reading; {@link release} resumes. */
  hold(): void {
    this.#ws.pause();
  }

  /** Handles the frames that wait and then, unless something prevents it, resumes reading. */
  release(): void {
    if (this.#over || this.#handler.held) return;
    if (this.#waiting !== undefined) this.#queue();
    else if (this.#ws.isPaused && this.#ws.bufferedAmount <= UNREAD_LIMIT) this.#readOn();
  }

  /** @internal Its turn has come: one frame, and with the next it stands behind everybody who waits. */
  run(): number {
    this.#isQueued = false;
    if (this.#over || this.#handler.held || this.#waiting === undefined) return 0;
    const { person, texts } = this.#waiting;
    const text = texts.shift() ?? '';
    this.host.intake.took(person, text);
    if (texts.length === 0) this.#waiting = undefined;
    this.#handler.text(text);
    this.release();
    return 1 + text.length / PING_COST_BYTES;
  }

  /** What waits holds up what comes after it, and first of all its own sender. */
  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.host.intake.turns.add(this);
  }

  #readOn(): void {
    // The answer to a ping stands unread behind the frame whose turn it was.
    if (this.#pongBy > 0) this.#pongBy = this.host.wheel.now + this.host.settings.pingTimeoutMs;
    this.#ws.resume();
  }

  #accept(data: Buffer): void {
    const { intake } = this.host;
    const text = data.toString();
    const person = this.#waiting?.person ?? this.person;
    if (!intake.gave(person, text)) {
      this.sendError('rate_limited', 'this node has too much to do: this frame was dropped', refOf(text));
      return;
    }
    this.#waiting ??= { person, texts: [] };
    this.#waiting.texts.push(text);
    if (!this.#handler.held) this.#queue();
    // Not handled at once: what comes next would wait here, and can as well wait with its sender.
    if (this.#waiting !== undefined && !this.#ws.isPaused) this.#ws.pause();
  }

  /** A frame that no client should send: tolerated, but not for ever. */
  malformed(code: ErrorCode, message: string, ref?: string): void {
    this.sendError(code, message, ref);
    this.#malformed ??= new RecentTimes(MALFORMED_LIMIT, MALFORMED_WINDOW_MS);
    if (this.#malformed.add(this.host.clock.monotonic())) this.close(4400, 'too many malformed frames');
  }

  /**
   * Pings when it is time to.
   *
   * @param now - running time, ms.
   * @returns when to be asked again, or `undefined` when the peer did not answer and is gone.
   */
  keepAlive(now: number): number | undefined {
    // What it answered may stand behind the frame that waits for its turn: it is not the one who is late.
    if (this.#pongBy > 0 && now >= this.#pongBy && this.#waiting === undefined) {
      this.close(4408, 'no answer to a ping');
      return undefined;
    }
    const { pingIntervalMs, pingTimeoutMs } = this.host.settings;
    if (now >= this.#pingAt) {
      if (this.#isDribbling()) return undefined;
      this.#ws.ping();
      if (this.#pongBy === 0) this.#pongBy = now + pingTimeoutMs;
      // By the clock, not from now: after a stall the pings of all connections would else stay in step.
      this.#pingAt += pingIntervalMs * Math.ceil((now - this.#pingAt + 1) / pingIntervalMs);
    }
    return this.#pongBy > 0 ? Math.min(this.#pongBy, this.#pingAt) : this.#pingAt;
  }

  /** A message may take one interval of pings, and no longer: what is unfinished is held in memory. */
  #isDribbling(): boolean {
    const unfinished = !this.#ws.isPaused && hasUnfinished(this.#ws);
    if (unfinished && this.#unfinished) this.close(1009, 'a message was not finished in time');
    this.#unfinished = unfinished;
    return this.#over;
  }

  /** See `Member.probe`; who calls it has {@link keepAlive} called when the answer is due. */
  probe(answered: () => void): void {
    if (this.#over) return;
    this.#answered = answered;
    this.#ws.ping();
    if (this.#pongBy === 0) this.#pongBy = this.host.wheel.now + this.host.settings.pingTimeoutMs;
  }

  /** @internal */
  arrived(bytes: number): void {
    if (hasUnfinished(this.#ws)) this.host.unfinished.add(this, bytes + PIECE_BYTES);
    else this.host.unfinished.release(this);
  }

  /** @internal */
  received(data: Buffer, isBinary: boolean): void {
    if (this.#over) return;
    this.#heard();
    this.#unfinished = false;
    this.host.unfinished.release(this);
    if (isBinary) this.close(4400, 'binary frames are not part of the protocol');
    else if (this.#admits()) this.#accept(data);
    else this.sendError('rate_limited', 'too many frames: this one was dropped', refOf(data.toString()));
  }

  /** @internal Not left to `ws`, which would answer any number of pings. */
  pinged(data: Buffer): void {
    if (this.#over) return;
    this.#heard();
    if (this.#admits() && this.buffered <= UNREAD_LIMIT) this.#ws.pong(data);
  }

  /** @internal */
  ponged(): void {
    if (this.#over) return;
    this.#heard();
    this.#admits();
  }

  /** @internal `ws` refused what it read, and closes by itself. */
  failed(code: string | undefined): void {
    if (!this.#over) this.#end(refusalCode(code), 'lost');
  }

  /** @internal The socket is gone. */
  closed(code: number): void {
    if (!this.#over) this.#end(code, 'lost');
    (this.#ws as Owned)[OWNER] = undefined;
    (this.#socket as Owned)[OWNER] = undefined;
    this.host.unfinished.release(this);
    this.#handler.closed();
  }

  /** @internal All that was written has been taken. */
  emptied(): void {
    this.#backlogged = false;
    if (this.#over) return;
    // While nothing was read its answer may have come, and the ping itself stood behind all the rest.
    if (this.#pongBy > 0) this.#pongBy = this.host.wheel.now + this.host.settings.pingTimeoutMs;
    this.release();
    this.#handler.drained();
  }

  /** Anything that comes is an answer. */
  #heard(): void {
    this.#pongBy = 0;
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.();
  }

  /** @returns false when the frame is to be dropped; who goes on like that is closed. */
  #admits(): boolean {
    const now = this.host.clock.monotonic();
    const { frameRate, frameBurst } = this.host.settings;
    if (this.#bucket.take(frameRate, frameBurst, now)) return true;
    this.#dropped ??= new RecentTimes(2 * frameRate, FLOOD_WINDOW_MS);
    if (this.#dropped.add(now)) this.close(4429, 'flooding');
    return false;
  }

  #end(code: number, how: Leaving): void {
    this.#over = true;
    if (this.#waiting !== undefined) {
      const { person, texts } = this.#waiting;
      for (const text of texts) this.host.intake.took(person, text);
      this.#waiting = undefined;
    }
    this.host.metrics.closes.inc({ code: closeLabel(code) });
    this.#handler.ended(how);
  }

  #awaitEmpty(): void {
    this.#backlogged = true;
    // Below its high-water mark a socket emits no `drain`; the callback of an empty write then serves instead.
    if (this.#socket.writableNeedDrain) this.#socket.once('drain', onDrain);
    else this.#socket.write(NOTHING, () => this.emptied());
  }
}
