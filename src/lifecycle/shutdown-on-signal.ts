import closeWithGrace from 'close-with-grace';

export interface ShutdownOptions {
  /** However far leaving has come by then, the process ends, ms. */
  readonly withinMs: number;
  readonly leave: () => Promise<void>;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
    fatal(fields: object, message: string): void;
  };
}

/** A log that cannot be written to is an error as well: without a bound the two would go round. */
const MAX_ERRORS_LOGGED = 10;

/**
 * Leaves in good order on the first signal, and on an error that nobody caught: others are connected here who have no
 * part in it. A second signal ends the process at once. Exits 0 after a signal, 1 after an error or when leaving took
 * too long.
 */
export const shutdownOnSignal = ({ withinMs, leave, log }: ShutdownOptions): void => {
  let hasFailed = false;
  let errors = 0;
  let isLeaving = false;
  const end = closeWithGrace(
    // Its own care for errors would take the second one, which often follows, for an order to stop at once.
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
      log.fatal({ err }, isLeaving ? 'another error that nobody caught' : 'leaving after an error');
    if (!isLeaving) end.close();
  };
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
};
