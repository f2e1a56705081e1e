'use client';
import type { Connection } from '../types.ts';
import { to, useRead } from './read.ts';

const IDLE: Connection = Object.freeze({ state: 'idle' });

/** How the connection stands, or what a function makes of that: renders when its result changes. */
export const useConnection = <T = Connection>(
  select: (connection: Connection) => T = (connection) => connection as T,
): T =>
  useRead(
    to('connection'),
    '',
    (client) => select(client.connection),
    () => select(IDLE),
  );
