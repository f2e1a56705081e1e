/**
 * A key setting that cannot be used. The start stops on it; a changed key file with it is ignored.
 * The message names the setting and the position of the key, and never holds any part of a key.
 */
export class KeyError extends Error {
  readonly code = 'bad_key';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KeyError';
  }
}
