import { isIP } from 'node:net';
import { MEMORY_URL, parseRedisUrl } from './redis-url.ts';

/**
 * Reads the text of a setting that is more than a number, a flag or a choice. Throws an Error whose message is to be
 * read after the setting's name and before ", not <the value>"; it never holds the value itself.
 */
type Format = (text: string) => unknown;

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;
const PASERK = /^k[234]\.(local|public|secret)\.[A-Za-z0-9_-]+$/;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:.]+\]|[^\s/?#@:[\]*,]+)(:\d{1,5})?$/i;
const RANGE_NAMES = ['loopback', 'linklocal', 'uniquelocal'];
const MAX_HOPS = 100;

const SYMMETRIC_KEY_BYTES = 32;

const refuse = (problem: string): never => {
  throw new Error(problem);
};

const checked =
  (good: (text: string) => boolean, problem: string): Format =>
  (text) =>
    good(text) ? text : refuse(problem);

/** The entries of a list, separated by commas, without the white space around them. */
const entriesOf = (text: string): string[] => text.split(',').map((entry) => entry.trim());

/** The 32 bytes of a key in hex, base64 or base64url. */
const isSymmetricKey = (text: string): boolean =>
  /^[0-9a-f]{64}$/i.test(text) ||
  (/^([A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/.test(text) &&
    Buffer.from(text, 'base64').length === SYMMETRIC_KEY_BYTES);

/** The keys of a list, without comments (`#` to the end of the line). */
export const keysIn = (text: string): string[] =>
  text
    .replace(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((key) => key !== '');

/** Only the shape: the keyring, which knows the lengths and the curves, checks the content. */
const paserkKeys: Format = (text) => {
  const wrong = keysIn(text).findIndex((key) => !PASERK.test(key));
  if (wrong < 0) return text;
  return refuse(
    `must hold PASERK keys (k4.public.…, k4.local.… or k4.secret.…; also k3 and k2) separated by white space or commas: number ${wrong + 1} is none`,
  );
};

/** What browsers send for pages that have no origin of their own: files, sandboxed frames, some applications. */
const WITHOUT_HOST = ['null', 'file://'];

/** Browsers send web origins in lower case, in ASCII and without the default port: so they are compared. */
const canonicalOrigin = (entry: string): string => {
  if (WITHOUT_HOST.includes(entry.toLowerCase())) return entry.toLowerCase();
  if (!ORIGIN.test(entry)) {
    return refuse(
      'must be * or a comma-separated list of origins such as https://app.example.com, null or file://, without path, slash at the end or wildcard',
    );
  }
  if (!/^https?:/i.test(entry)) return entry.toLowerCase();
  try {
    return new URL(entry).origin;
  } catch {
    return refuse('must be a list of origins whose hosts and ports can exist');
  }
};

const origins: Format = (text) => (text === '*' ? text : [...new Set(entriesOf(text).map(canonicalOrigin))]);

const isRange = (entry: string): boolean => {
  const [address = '', bits, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0) return rest.length === 0 && bits === undefined && RANGE_NAMES.includes(address);
  if (bits === undefined) return true;
  const prefix = Number(bits);
  return rest.length === 0 && /^\d+$/.test(bits) && prefix >= 1 && prefix <= (version === 4 ? 32 : 128);
};

const trustProxy: Format = (text) => {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^\d{1,3}$/.test(text) && Number(text) <= MAX_HOPS) return Number(text);
  const ranges = entriesOf(text);
  if (ranges.every(isRange)) return ranges.join(',');
  return refuse(
    `must be true, false, a number of hops up to ${MAX_HOPS}, or a comma-separated list of addresses, CIDR ranges, ${RANGE_NAMES.join(', ')}`,
  );
};

/** By the `format` keyword of the schema. */
export const FORMATS = {
  text: checked(
    (text) => !/\p{Cc}/u.test(text) && text.length <= 1024,
    'must be at most 1024 characters of text without control characters',
  ),
  label: checked(
    (text) => !/\p{Cc}/u.test(text) && text.length <= 128,
    'must be at most 128 characters without control characters',
  ),
  host: checked(
    (text) => isIP(text) > 0 || HOST_NAME.test(text),
    'must be an IP address or a host name, without port or brackets',
  ),
  'redis-url': (text) => {
    if (text !== MEMORY_URL) parseRedisUrl(text);
    return text;
  },
  'redis-prefix': checked(
    (text) => /^[A-Za-z0-9._-]{1,64}$/.test(text),
    'must be 1 to 64 of the characters A-Z a-z 0-9 . _ -',
  ),
  'paserk-keys': paserkKeys,
  'symmetric-key': checked(
    isSymmetricKey,
    'must be exactly 32 bytes in hex (64 digits) or base64 (44 characters); keys such as k4.local.… go into PASETO_KEYS',
  ),
  origins,
  'trust-proxy': trustProxy,
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof FORMATS;
