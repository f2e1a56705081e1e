import { connect } from 'node:net';
import type { Host } from './client.ts';

/**
 * Why a server cannot be reached, from one connection that is closed at once; `undefined` when it accepts connections.
 */
export const dialError = ({ host, port }: Host, withinMs: number): Promise<Error | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (error?: Error): void => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(withinMs, () => end(new Error('ETIMEDOUT')));
    socket.once('connect', () => end());
    socket.once('error', end);
  });
