import { keysIn } from './formats.ts';
import { envName, SETTING_NAMES, type SettingName, type Settings } from './schema.ts';

const MASK = '***';

/** A URL without what stands before its host. */
const maskUrl = (url: string): string => url.replace(/^([a-z+]+:\/\/).*@/, `$1${MASK}@`);

/** Public keys are not secret and show which keys a node trusts; of the others only the kind is shown. */
const maskKeys = (keys: string): string =>
  keysIn(keys)
    .map((key) => (/^k\d\.public\./.test(key) ? key : key.replace(/^(k\d\.\w+\.)?.*$/s, `$1${MASK}`)))
    .join(',');

const MASKS: Partial<Record<SettingName, (value: string) => string>> = {
  redisUrl: maskUrl,
  pasetoKeys: maskKeys,
  pasetoSymmetricKey: () => MASK,
};

/** The settings by their environment names with secrets masked: may be logged. */
export const maskedSettings = (settings: Settings): Record<string, unknown> => {
  const masked: Record<string, unknown> = {};
  for (const setting of SETTING_NAMES) {
    const value = settings[setting];
    if (value === undefined) continue;
    masked[envName(setting)] = typeof value === 'string' ? (MASKS[setting]?.(value) ?? value) : value;
  }
  return masked;
};

/** The effective settings as an environment file, secrets masked; what is unset is a comment. */
export const printConfig = (settings: Settings): string => {
  const masked = maskedSettings(settings);
  return SETTING_NAMES.map((setting) => {
    const name = envName(setting);
    return name in masked ? `${name}=${String(masked[name])}` : `# ${name} is not set`;
  }).join('\n');
};
