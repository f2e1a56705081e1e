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

/** Parts started in order, and stopped in reverse under one deadline: one that hangs does not keep the process. */
export class Services {
  readonly #services: readonly Service[];
  readonly #log: ServiceLog;
  #started: Service[] = [];

  constructor(services: readonly Service[], log: ServiceLog) {
    this.#services = services;
    this.#log = log;
  }

  /** @throws whatever the first part throws that cannot start; those before it are stopped again. */
  async start(withinMs: number): Promise<void> {
    for (const service of this.#services) {
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

  async stop(withinMs: number): Promise<void> {
    const started = this.#started.reverse();
    this.#started = [];
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    for (const service of started) {
      const stopped = Promise.resolve()
        .then(() => service.stop())
        .catch((err: unknown) => this.#log.error({ err, part: service.name }, 'could not stop'));
      await Promise.race([stopped, deadline]);
      this.#log.debug({ part: service.name }, 'stopped');
    }
    clearTimeout(timer);
  }
}
