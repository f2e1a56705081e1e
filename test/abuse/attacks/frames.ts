import { type Attack, atRate, eachOf } from '../support/attack.ts';
import { addressOf } from '../support/peer.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';

export interface Frames {
  /** One socket each. */
  readonly tokens: readonly string[];
  /** Sent once each socket is open. */
  readonly first?: readonly string[];
  /** Sent in turn from then on, so many a second and socket. */
  readonly frames: readonly string[];
  readonly perSecond: number;
  /** Connects again when it was closed. */
  readonly persistent?: boolean;
  /** Takes nothing of what it is sent. */
  readonly deaf?: boolean;
}

const TYPE = /^\{"type":"([a-z]+)"(?:,"code":"([a-z_]+)")?/;

/** Signed-in sockets that send the same frames over and over. */
export const frames: Attack<Frames> = async (target, options, tally) => {
  const { tokens, first = [], frames: repeated, perSecond, persistent = false, deaf = false } = options;
  const sockets: (RawWebSocket | undefined)[] = [];
  const open = async (n: number): Promise<void> => {
    const socket = new RawWebSocket({
      ...target,
      from: addressOf(n),
      token: tokens[n],
      onText: (text) => {
        const [, type = 'other', code] = TYPE.exec(text.subarray(0, 80).toString()) ?? [];
        tally.add(code === undefined ? type : `${type} ${code}`);
        tally.add('bytes', text.length);
      },
      onEnd: (how) => {
        tally.add(how);
        sockets[n] = undefined;
        if (persistent) setTimeout(() => void open(n), 100);
      },
    });
    if (!(await socket.opened)) return;
    tally.add('opened');
    for (const frame of first) await socket.send(frame);
    if (deaf) socket.stopReading();
    sockets[n] = socket;
  };
  await eachOf(tokens, (_, n) => open(n));
  if (perSecond === 0) return;
  atRate(perSecond, (round) => {
    for (const socket of sockets) {
      if (socket === undefined) continue;
      tally.add('sent');
      void socket.send(repeated[round % repeated.length] ?? '');
    }
  });
};
