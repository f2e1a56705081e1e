/** Exit code of a process whose configuration is wrong: `EX_CONFIG` of sysexits.h. */
export const EXIT_CONFIG = 78;

/** A setting is wrong. The message is one line that begins with its name; it never repeats a secret. */
export class ConfigError extends Error {
  readonly code = 'bad_config';
  /** Environment name of the setting, e.g. `REDIS_URL`. */
  readonly setting: string;
  /** @param problem - what is wrong and what would be right, to be read after the name: "must be …". */
  constructor(setting: string, problem: string, options?: ErrorOptions) {
    super(`${setting} ${problem}`, options);
    this.name = 'ConfigError';
    this.setting = setting;
  }
}
