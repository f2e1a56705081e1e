import type { WebsocketPluginOptions } from '@fastify/websocket';
import { WebSocket } from 'ws';
import type { CloseCodeNumber } from '../protocol/codes.ts';

/**
 * Fragments of one message, and pieces of the network's in which one frame may come. `ws` itself allows thousands:
 * each piece costs some hundred bytes however small it is, and an attacker with a few hundred sockets could fill a
 * node.
 */
const MAX_FRAGMENTS = 64;
const MAX_CHUNKS = 256;
/** A frame in packets of this size is not an attack, however large frames may be. */
const SMALL_PACKET = 512;

export interface MessageLimits {
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
}

/** What one unfinished message may hold, in bytes and in pieces. */
export const messageLimits = (maxFrameBytes: number): MessageLimits => ({
  maxPayload: maxFrameBytes,
  maxFragments: MAX_FRAGMENTS,
  maxBufferedChunks: Math.max(MAX_CHUNKS, Math.ceil(maxFrameBytes / SMALL_PACKET)),
});

/** The codes that `ws` closes with by itself, and what the client gets instead. */
const REFUSALS: Readonly<Record<number, readonly [code: CloseCodeNumber | 1002 | 1007, reason: string]>> = {
  1002: [1002, 'not valid WebSocket framing'],
  1007: [1007, 'a text frame is not valid UTF-8'],
  // RFC 6455 has 1008 for any policy: here it is always a message in too many pieces.
  1008: [1009, 'a message in too many fragments'],
  1009: [1009, 'a frame larger than MAX_FRAME_BYTES'],
};

/** What fits into a close frame beside its code, RFC 6455. `ws` throws at more. */
const MAX_REASON_BYTES = 123;

/** As much of a text as a close frame holds, in whole characters. */
const fitting = (reason: string): string => {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  // A byte 10xxxxxx continues a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
};

/** A WebSocket that gives a reason whenever `ws` refuses what it reads, and whose reasons always fit. */
class Reasoned extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    const refusal = code !== undefined && reason === undefined ? REFUSALS[code] : undefined;
    if (refusal !== undefined) super.close(...refusal);
    else super.close(code, typeof reason === 'string' ? fitting(reason) : reason);
  }
}

type WebSocketOption = NonNullable<NonNullable<WebsocketPluginOptions['options']>['WebSocket']>;

/** As the option of the server wants it: with the statics of the module, which the server does not use. */
export const ReasonedWebSocket = Reasoned as unknown as WebSocketOption;
