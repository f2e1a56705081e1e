/** A long-lived part. Both calls are idempotent. */
export interface Service {
  readonly name: string;
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export interface ServiceLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A start that was given up because the process is being stopped. */
export class StartAborted extends Error {
  readonly code = 'start_aborted';
  constructor() {
    super('stopped while it was starting');
    this.name = 'StartAborted';
  }
}

/** Parts started in order, and stopped in reverse under one deadline: one that hangs does not block the exit. */
export class Services {
  readonly #services: readonly Service[];
  readonly #log: ServiceLog;
  #started: Service[] = [];
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(services: readonly Service[], log: ServiceLog) {
    this.#services = services;
    this.#log = log;
  }

  /**
   * Called again, it waits for the same start.
   * @throws whatever the first part throws that cannot start; those before it are stopped again. {@link StartAborted}
   * when {@link stop} came first: a signal may arrive at any time.
   */
  start(withinMs: number): Promise<void> {
    this.#starting ??= this.#start(withinMs);
    return this.#starting;
  }

  /** Permanent. Called again, it waits for the same stop. */
  stop(withinMs: number): Promise<void> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  async #start(withinMs: number): Promise<void> {
    for (const service of this.#services) {
      if (this.#stopping !== undefined) throw new StartAborted();
      this.#started.push(service);
      try {
        await service.start();
      } catch (error) {
        await this.stop(withinMs);
        throw error;
      }
      this.#log.debug({ part: service.name }, 'started');
    }
  }

  async #stop(withinMs: number): Promise<void> {
    const started = this.#started.reverse();
    this.#started = [];
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), withinMs);
    });
    for (const service of started) {
      const outcome = await Promise.race([this.#stopOne(service), deadline]);
      // Parts after one that hangs are still stopped, but not waited for.
      if (outcome === 'late') this.#log.error({ part: service.name }, 'did not stop in time');
      else this.#log.debug({ part: service.name }, 'stopped');
    }
    clearTimeout(timer);
  }

  async #stopOne(service: Service): Promise<void> {
    try {
      await service.stop();
    } catch (err) {
      this.#log.error({ err, part: service.name }, 'could not stop');
    }
  }
}
