import { connect, type Socket } from 'node:net';

/** Where the node is, and from where it is attacked: every source address of 127/8 is another one to the service. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface PeerOptions extends Target {
  /** Source address, in 127/8. */
  readonly from?: string | undefined;
  /** Called with what comes, as it comes. */
  readonly onData?: (chunk: Buffer) => void;
  /** The connection ended, or never was. */
  readonly onEnd?: () => void;
}

/** The n-th of many source addresses, none of which anybody else uses. */
export const addressOf = (n: number): string => `127.1.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`;

/** A TCP connection that sends what it likes. Errors are an end like any other. */
export class Peer {
  readonly socket: Socket;
  over = false;

  constructor({ host, port, from, onData, onEnd }: PeerOptions) {
    this.socket = connect({ host, port, noDelay: true, ...(from !== undefined && { localAddress: from }) });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => onData?.(chunk));
    this.socket.once('close', () => {
      this.over = true;
      onEnd?.();
    });
  }

  /** Waits for the peer's system to take it. */
  async send(data: string | Buffer): Promise<void> {
    if (this.over || this.socket.write(data)) return;
    await new Promise<void>((resolve) => {
      this.socket.once('drain', resolve);
      this.socket.once('close', () => resolve());
    });
  }

  /** The other side learns of it by a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}
