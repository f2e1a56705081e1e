import { randomBytes } from 'node:crypto';
import { type App, createApp } from './app.ts';
import { KeyError } from './auth/key-error.ts';
import { openFilesAllowed, withinOpenFiles } from './config/open-files.ts';
import { ConfigError, EXIT_CONFIG, loadSettings, type Settings } from './config/settings.ts';
import { settingWarnings } from './config/warnings.ts';
import { LEAVE_MS } from './lifecycle/drain.ts';
import { StartAborted } from './lifecycle/service.ts';
import { shutdownOnSignal } from './lifecycle/shutdown-on-signal.ts';
import { createLogger } from './observability/logger.ts';
import { VERSION } from './version.ts';

/** One clear line, and the exit code that says the configuration is at fault. */
const refuse = (error: { readonly message: string }): never => {
  process.stderr.write(`rollcall: ${error.message}\n`);
  process.exit(EXIT_CONFIG);
};

const settingsOrExit = (): Settings => {
  try {
    return loadSettings(process.env);
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error);
    throw error;
  }
};

const run = async (): Promise<void> => {
  const { settings, warnings } = withinOpenFiles(settingsOrExit(), openFilesAllowed());
  const nodeId = randomBytes(8).toString('base64url').replace(/[-_]/g, 'x').slice(0, 10);
  const logger = createLogger({ level: settings.logLevel, node: nodeId, nodeName: settings.nodeName });
  let app: App;
  try {
    app = await createApp({ settings, logger, nodeId, version: VERSION, onIncompatible: refuse });
  } catch (error) {
    if (error instanceof KeyError) return refuse(error);
    throw error;
  }
  // Only after the keys were read: a start that fails on a setting prints one line, and it must not be a warning.
  for (const warning of [...settingWarnings(process.env, settings), ...warnings]) logger.warn(warning);
  shutdownOnSignal({
    withinMs: settings.drainDelayMs + settings.drainWindowMs + LEAVE_MS,
    leave: async () => {
      await app.drain();
      await app.stop();
    },
    log: logger,
  });
  try {
    await app.start();
  } catch (err) {
    // A signal arrived during the start: shutdown is already in progress.
    if (err instanceof StartAborted) return;
    // The Redis that answers does not match the settings.
    if (err instanceof ConfigError) return refuse(err);
    logger.fatal({ err }, 'could not start');
    process.exit(1);
  }
  const { addresses } = app;
  logger.info({ ...addresses, version: VERSION, audience: settings.tokenAudience ?? 'any' }, 'listening');
};

await run();
