import type { WebSocket } from 'ws';

/** What `ws` keeps of a message until its end has come; it has no public name for it. */
interface Receiving {
  /** The opcode of a message whose first fragment has come; 0 for none. */
  readonly _fragmented?: number;
  /** Bytes of a frame that has begun. */
  readonly _bufferedBytes?: number;
}

/** Whether the peer has begun a message, or a frame, and not finished it. */
export const hasUnfinished = (ws: WebSocket): boolean => {
  const receiver = (ws as unknown as { readonly _receiver?: Receiving })._receiver;
  return receiver !== undefined && ((receiver._fragmented ?? 0) > 0 || (receiver._bufferedBytes ?? 0) > 0);
};
