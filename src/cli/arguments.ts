import { type ParseArgsConfig, parseArgs } from 'node:util';

type ParseArgsOptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** Exit code of a command that was called the wrong way: `EX_USAGE` of sysexits.h. */
export const EXIT_USAGE = 64;

/** The message is one line and says what would be right. */
export class UsageError extends Error {
  readonly code = 'bad_usage';
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/**
 * `parseArgs` in its strict mode, with its complaints as one line.
 *
 * @throws UsageError
 */
export const readArguments = <const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals = false,
) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals, strict: true });
  } catch (error) {
    // Node explains itself at length after the first sentence.
    const [sentence = ''] = (error as Error).message.split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ''));
  }
};

/** @throws UsageError when a value is none of the choices. */
export const oneOf = <T extends string>(name: string, value: string, choices: readonly T[]): T => {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}`);
  }
  return found;
};
