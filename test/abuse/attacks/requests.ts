import { type Attack, atRate } from '../support/attack.ts';
import { addressOf, Peer } from '../support/peer.ts';

export interface Requests {
  /** Whole requests, or the beginnings of such, sent in turn on connections of their own. */
  readonly requests: readonly string[];
  /** Appended to each: so many bytes of `filler`. */
  readonly bytes?: number;
  readonly filler?: string;
  /** Behind those. */
  readonly ending?: string;
  readonly perSecond: number;
  /** As many connections, then no more; default: without end. */
  readonly atMost?: number;
  /** From so many addresses; default 1. */
  readonly addresses?: number;
  /** What becomes of a connection when it was written to: kept open (default), closed when answered, or reset at once. */
  readonly afterwards?: 'keep' | 'close' | 'reset';
  /** Takes nothing of what it is sent. */
  readonly deaf?: boolean;
}

const STATUS = /^HTTP\/1\.1 (\d{3})/;

/** Requests on connections of their own, as many as are asked for. */
export const requests: Attack<Requests> = async (target, options, tally) => {
  const {
    requests: texts,
    bytes = 0,
    filler = ' ',
    ending = '',
    perSecond,
    addresses = 1,
    afterwards = 'keep',
  } = options;
  const tail = filler.repeat(Math.ceil(bytes / filler.length)).slice(0, bytes);
  const peers = texts.map((text) => Buffer.from(text.replaceAll('\n', '\r\n') + tail + ending));
  const begin = (n: number): void => {
    if (n >= (options.atMost ?? Number.POSITIVE_INFINITY)) return;
    let isAnswered = false;
    const peer = new Peer({
      ...target,
      from: addressOf(n % addresses),
      onData: (chunk) => {
        const status = STATUS.exec(chunk.subarray(0, 16).toString())?.[1];
        if (status === undefined) return;
        tally.add(isAnswered ? `again ${status}` : `status ${status}`);
        isAnswered = true;
        if (afterwards === 'close') peer.socket.destroy();
      },
      onEnd: () => {
        tally.add('ended');
        if (!isAnswered) tally.add('unanswered');
      },
    });
    tally.add('begun');
    if (options.deaf === true) peer.socket.pause();
    const data = peers[n % peers.length] ?? Buffer.alloc(0);
    if (afterwards === 'reset')
      peer.socket.once('connect', () => peer.socket.write(data, () => peer.reset()));
    else void peer.send(data);
  };
  atRate(perSecond, begin);
};
