import type { Io } from '../../../src/cli/io.ts';
import { run } from '../../../src/cli/run.ts';

export interface Ran {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

export interface FakeIo extends Io {
  readonly outLines: string[];
  readonly errLines: string[];
  abort(): void;
}

export const fakeIo = (env: Record<string, string> = {}, parts: Partial<Io> = {}): FakeIo => {
  const stop = new AbortController();
  const outLines: string[] = [];
  const errLines: string[] = [];
  return {
    out: (line) => outLines.push(line),
    err: (line) => errLines.push(line),
    env,
    stop: stop.signal,
    random: () => 0,
    now: () => performance.now(),
    date: () => Date.UTC(2026, 10, 21, 9, 30),
    version: '1.2.3',
    outLines,
    errLines,
    abort: () => stop.abort(),
    ...parts,
  };
};

/** Runs a command to its end. */
export const ran = async (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> => {
  const io = fakeIo(env);
  const code = await run(args, io);
  return { code, out: io.outLines, err: io.errLines };
};
