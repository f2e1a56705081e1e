import { ConfigError } from './config-error.ts';
import { FORMATS } from './formats.ts';
import { envName, RULES, type Rule, type SettingName } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const SHOWN_CHARACTERS = 60;

/** Line ends and control characters that JSON leaves as they are; a terminal does not. */
const RAW_CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

/** The wrong value on one line, cut short; nothing of a secret. */
const shown = (rule: Rule, raw: string): string => {
  if (rule.secret) return '';
  const short = raw.length > SHOWN_CHARACTERS ? `${raw.slice(0, SHOWN_CHARACTERS)}…` : raw;
  return `, not ${JSON.stringify(short).replace(RAW_CONTROLS, '?')}`;
};

const integerOf = (rule: Rule, raw: string): number => {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = rule;
  const value = /^-?\d+$/.test(raw) ? Number(raw) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new Error(`must be a whole number from ${minimum} to ${maximum}`);
};

const flagOf = (raw: string): boolean => {
  if (raw === 'true' || raw === 'false') return raw === 'true';
  throw new Error('must be true or false');
};

const choiceOf = (choices: readonly string[], raw: string): string => {
  if (choices.includes(raw)) return raw;
  throw new Error(`must be one of ${choices.join(', ')}`);
};

const parse = (rule: Rule, raw: string): unknown => {
  if (rule.enum) return choiceOf(rule.enum, raw);
  if (rule.type === 'integer') return integerOf(rule, raw);
  if (rule.type === 'boolean') return flagOf(raw);
  return FORMATS[rule.format ?? 'text'](raw);
};

/**
 * Reads one setting from the environment, or its default; `undefined` when it is unset and has no default of its own.
 *
 * @throws ConfigError
 */
export const readSetting = (env: Environment, setting: SettingName): unknown => {
  const name = envName(setting);
  const rule = RULES[setting];
  const given = env[name];
  if (given === undefined && rule.default === undefined) return undefined;
  // A default passes through the same reader as a value: `*` and `false` mean what they would mean there.
  const raw = given ?? String(rule.default);
  if (raw.trim() === '') throw new ConfigError(name, 'is empty: give it a value or do not set it');
  // Key lists come from files and secrets with a line end; everywhere else a stray blank would hide in a host or a name.
  if (raw !== raw.trim() && rule.format !== 'paserk-keys') {
    throw new ConfigError(name, 'has white space before or after its value');
  }
  try {
    return parse(rule, raw);
  } catch (error) {
    throw new ConfigError(name, `${(error as Error).message}${shown(rule, raw)}`);
  }
};
