import closeWithGrace from 'close-with-grace';

export interface ShutdownOptions {
  /** After this long the process ends, however far the shutdown has come, ms. */
  readonly withinMs: number;
  readonly leave: () => Promise<void>;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
    fatal(fields: object, message: string): void;
  };
}

/** A log that cannot be written is an error too: without a bound the two would loop. */
const MAX_ERRORS_LOGGED = 10;

/**
 * Shuts down in order on the first signal, and on an uncaught error, because other users are connected here who are
 * not affected by it. A second signal ends the process at once. Exits 0 after a signal, 1 after an error or when
 * leaving took too long.
 */
export const shutdownOnSignal = ({ withinMs, leave, log }: ShutdownOptions): void => {
  let hasFailed = false;
  let errors = 0;
  let isLeaving = false;
  const end = closeWithGrace(
    // The library's own error handling would treat a second error, which often follows, as an order to stop at once.
    { delay: withinMs, logger: false, skip: ['uncaughtException', 'unhandledRejection'] },
    async ({ signal }) => {
      isLeaving = true;
      log.info({ signal }, 'leaving');
      try {
        await leave();
      } catch (err) {
        hasFailed = true;
        log.error({ err }, 'could not leave in good order');
      }
      if (hasFailed) process.exit(1);
    },
  );
  const failed = (err: unknown): void => {
    hasFailed = true;
    errors += 1;
    if (errors <= MAX_ERRORS_LOGGED)
      log.fatal({ err }, isLeaving ? 'another uncaught error' : 'leaving after an error');
    if (!isLeaving) end.close();
  };
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
};
