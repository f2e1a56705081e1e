import type { RedisUrl } from '../config/redis-url.ts';

export interface OutageLogOptions {
  readonly address: Pick<RedisUrl, 'hosts' | 'topology' | 'master'>;
  readonly log: { warn(message: string): void };
}

/** How often an outage that lasts is logged, ms. */
const REPEAT_MS = 10_000;

/** `ECONNREFUSED` and its kind, in a code or in a text of the library that quotes one. */
const SYSTEM_CODE = /\bE[A-Z]{4,}\b/;

/** The code of the system in an error, in what caused it, or in its text. */
const systemCode = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { code, cause, lastNodeError, message } = error as Error & {
    code?: unknown;
    lastNodeError?: unknown;
  };
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) return code;
  return SYSTEM_CODE.exec(message)?.[0] ?? systemCode(cause) ?? systemCode(lastNodeError);
};

/** Where Redis should be, without user and password. */
export const addressText = ({ hosts, topology, master }: OutageLogOptions['address']): string => {
  const places = hosts.map(({ host, port }) =>
    host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
  );
  const text = places.join(', ');
  return topology === 'sentinel' ? `${text} (Sentinels of ${master ?? ''})` : text;
};

/** Warns while Redis does not answer: at once with the cause, and again while it lasts. */
export class OutageLog {
  readonly #options: OutageLogOptions;
  /** The newest one; an error without a code of the system does not replace one that has it. */
  #cause: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OutageLogOptions) {
    this.#options = options;
  }

  /** An outage was logged and has not ended. */
  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** A connection failed. The first failure of an outage is logged at once, later ones give the newest cause. */
  failed(error: Error): void {
    this.#cause = systemCode(error) ?? this.#cause ?? error.message;
    if (this.#timer !== undefined) return;
    this.#warn();
    this.#timer = setInterval(() => this.#warn(), REPEAT_MS).unref();
  }

  /**
   * One of several servers failed, which alone is no outage. The library does not repeat its cause in the error that
   * ends the last attempt.
   */
  oneFailed(error: Error): void {
    this.#cause = systemCode(error) ?? this.#cause;
  }

  /** Redis answers again, or is no longer asked. */
  ended(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#cause = undefined;
  }

  #warn(): void {
    const { address, log } = this.#options;
    log.warn(`redis at ${addressText(address)} does not answer (${this.#cause})`);
  }
}
