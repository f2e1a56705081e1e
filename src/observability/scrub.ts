/** What may never reach a log, as text. */

const REDACTED = '[redacted]';

/** A PASETO, or a PASERK of a key that signs or decrypts, wherever it stands, percent-encoded or not. */
const TOKEN = /\bv[1-4](?:\.|%2e)(?:local|public)(?:\.|%2e)[\w-]+(?:(?:\.|%2e)[\w-]+)?/gi;
const SECRET_KEY = /\bk[1-4]\.(?:local|secret)\.[\w-]+/g;
/** Tokens of no known shape: by what stands before them. Shorter words are prose: "bearer token". */
const BEARER = /\b(bearer[. ])[\w.~+/=-]{16,}/gi;
const QUERY_TOKEN = /([?&](?:access_)?token=)[^&\s"#\\]+/gi;
/** What stands before the host of a Redis URL. */
const REDIS_LOGIN = /\b(rediss?(?:\+\w+)?:\/\/)[^\s"/]*@/g;

const kindOf = (token: string): string =>
  token.slice(0, 2).concat(/local/i.test(token.slice(0, 10)) ? '.local' : '.public');

/** Takes every token, secret key and Redis login out of a text; of tokens and keys the kind stays. */
export const scrubText = (text: string): string =>
  text
    .replace(TOKEN, (token) => `${kindOf(token)}.${REDACTED}`)
    .replace(SECRET_KEY, (key) => `${key.split('.', 2).join('.')}.${REDACTED}`)
    .replace(BEARER, `$1${REDACTED}`)
    .replace(QUERY_TOKEN, `$1${REDACTED}`)
    .replace(REDIS_LOGIN, `$1${REDACTED}@`);

const SECRET_PARAMETER = /token|^auth|secret|password/i;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

/** `name=value` of a query; what is called a token goes, and so does what looks like one, however it is encoded. */
const scrubParameter = (pair: string): string => {
  const equals = pair.indexOf('=');
  const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
  const value = equals < 0 ? '' : decoded(pair.slice(equals + 1));
  if (SECRET_PARAMETER.test(name)) return `${scrubText(name)}=${REDACTED}`;
  const clean = scrubText(value);
  return clean === value ? scrubText(pair) : `${scrubText(name)}=${clean}`;
};

/** A request's URL as it may be logged. */
export const scrubUrl = (url: string): string => {
  const question = url.indexOf('?');
  if (question < 0) return scrubText(url);
  const query = url
    .slice(question + 1)
    .split('&')
    .map(scrubParameter)
    .join('&');
  return `${scrubText(url.slice(0, question))}?${query}`;
};

/** Fields that hold nothing but a secret: headers, tokens in frames and bodies, settings. */
const SECRET_FIELDS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'sec-websocket-protocol',
  'token',
  'pasetoKeys',
  'pasetoSymmetricKey',
  'password',
].join('|');
/** As JSON, and as JSON inside a JSON string: a frame that was logged as text. */
const FIELD = new RegExp(`"(${SECRET_FIELDS})":(?:"(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\])`, 'gi');
const QUOTED_FIELD = new RegExp(`\\\\"(${SECRET_FIELDS})\\\\":\\s*\\\\"[^"\\\\]*\\\\"`, 'gi');

/**
 * A finished log line without secrets, at any depth. One pass over the text costs a fifth of walking wildcard paths.
 */
export const scrubLine = (line: string): string =>
  scrubText(line.replace(FIELD, `"$1":"${REDACTED}"`).replace(QUOTED_FIELD, `\\"$1\\":\\"${REDACTED}\\"`));
