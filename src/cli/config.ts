import { createKeyring } from '../auth/keyring.ts';
import { maskedSettings, printConfig } from '../config/print.ts';
import { loadSettings } from '../config/settings.ts';
import { settingWarnings } from '../config/warnings.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './io.ts';
import { SILENT } from './silent-log.ts';

/** Says whether a node would start with this environment, as far as that can be known without starting it. */
export const checkConfig: Command = async (args, io) => {
  readArguments(args, {});
  const settings = loadSettings(io.env);
  const keyring = await createKeyring(settings, { log: SILENT });
  // After the keys: a start that fails prints the one line that says why, and nothing else.
  for (const warning of settingWarnings(io.env, settings)) io.err(`warning: ${warning}`);
  const count = keyring.current.size;
  io.out(`the settings are good, with ${count} ${count === 1 ? 'key' : 'keys'} for tokens`);
  return 0;
};

/** Prints the settings in effect, secrets masked, as an environment file or as JSON. */
export const showConfig: Command = async (args, io) => {
  const { values } = readArguments(args, { json: { type: 'boolean', default: false } });
  const settings = loadSettings(io.env);
  if (values.json) io.out(JSON.stringify(maskedSettings(settings), undefined, 2));
  else for (const line of printConfig(settings).split('\n')) io.out(line);
  return 0;
};
