import { KeyError } from '../auth/key-error.ts';
import { ConfigError, EXIT_CONFIG } from '../config/settings.ts';
import { EXIT_USAGE, UsageError } from './arguments.ts';
import { checkConfig, showConfig } from './config.ts';
import { HELP } from './help.ts';
import type { Command, Io } from './io.ts';
import { keygen } from './keygen.ts';
import { token } from './token.ts';
import { watch } from './watch/watch.ts';

const help: Command = async (_args, io) => {
  for (const line of HELP.split('\n')) io.out(line);
  return 0;
};

const version: Command = async (_args, io) => {
  io.out(io.version);
  return 0;
};

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['keygen', keygen],
  ['token', token],
  ['check-config', checkConfig],
  ['print-config', showConfig],
  ['watch', watch],
  ['help', help],
  ['--help', help],
  ['-h', help],
  ['--version', version],
  ['-v', version],
]);

const commandOf = (name: string | undefined): Command => {
  const command = COMMANDS.get(name ?? '');
  if (command) return command;
  throw new UsageError(
    name === undefined ? 'a command is needed' : `there is no command ${JSON.stringify(name)}`,
  );
};

/** Runs one command and returns the exit code; every failure is one line. */
export const run = async (args: readonly string[], io: Io): Promise<number> => {
  const [name, ...rest] = args;
  try {
    const command = commandOf(name);
    return await (rest.includes('--help') || rest.includes('-h') ? help(rest, io) : command(rest, io));
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`rollcall: ${error.message}; see "rollcall help"`);
      return EXIT_USAGE;
    }
    io.err(`rollcall: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof ConfigError || error instanceof KeyError ? EXIT_CONFIG : 1;
  }
};
