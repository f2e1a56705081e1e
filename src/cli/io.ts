/** Everything a command needs of its process, so that tests need none. */
export interface Io {
  /** One line of result. */
  out(line: string): void;
  /** One line of notice or error. */
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user asked it to end: Ctrl-C. */
  readonly stop: AbortSignal;
  /** From 0 to below 1. */
  random(): number;
  /** Milliseconds of a clock that only moves forward. */
  now(): number;
  /** Milliseconds since the epoch. */
  date(): number;
  readonly version: string;
  /** Where a clone keeps the key that `npm start` made; it need not exist. */
  readonly devKeyFile?: string;
}

/** A command gets what follows its name and returns the exit code. */
export type Command = (args: readonly string[], io: Io) => Promise<number>;
