import { type Attack, eachOf } from '../support/attack.ts';
import { addressOf } from '../support/peer.ts';
import { frameOf, RawWebSocket } from '../support/raw-websocket.ts';

export interface Fragments {
  readonly sockets: number;
  /** Signed in, in turn; without any nobody says who they are. */
  readonly tokens?: readonly string[];
  /** Fragments of one byte each, of one message that never ends. */
  readonly fragments?: number;
  /** One frame of so many bytes, but for the last of them. */
  readonly bytes?: number;
}

/** Every socket sends one message in pieces of a byte each, and not the last of them. */
export const fragments: Attack<Fragments> = async (
  target,
  { sockets, tokens, fragments: count = 0, bytes },
  tally,
) => {
  const one = Buffer.from(' ');
  const message =
    bytes === undefined
      ? Buffer.concat([
          frameOf(1, one, false),
          ...Array.from({ length: count - 1 }, () => frameOf(0, one, false)),
        ])
      : frameOf(1, Buffer.alloc(bytes, 32)).subarray(0, -1);
  await eachOf(Array.from({ length: sockets }), async (_, n) => {
    const socket = new RawWebSocket({
      ...target,
      from: addressOf(n),
      token: tokens?.[n % tokens.length],
      onEnd: (how) => tally.add(how),
    });
    if (!(await socket.opened)) return;
    tally.add('opened');
    await socket.peer.send(message);
    tally.add('sent');
  });
};
