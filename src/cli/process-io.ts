import { fileURLToPath } from 'node:url';
import type { Io } from './io.ts';

/** Other people choose what stands in a status or an error: no escapes, no reversed text on this terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** One line as it may be shown on a terminal; a tab stays, line ends inside a line do not. */
export const printable = (line: string): string =>
  line.replace(UNPRINTABLE, (sign) => (sign === '\t' ? sign : '\ufffd'));

/** The part of a stream that is used. */
interface Output {
  write(text: string): unknown;
}

export interface ProcessParts {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Io['env'];
  readonly stop: AbortSignal;
  readonly version: string;
}

/** What the real process gives a command. */
export const processIo = ({ stdout, stderr, env, stop, version }: ProcessParts): Io => ({
  out: (line) => void stdout.write(`${printable(line)}\n`),
  err: (line) => void stderr.write(`${printable(line)}\n`),
  env,
  stop,
  random: Math.random,
  now: () => performance.now(),
  date: Date.now,
  version,
  devKeyFile: fileURLToPath(new URL('../../.rollcall/dev-key', import.meta.url)),
});
