import { UsageError } from '../arguments.ts';

const PATH = '/v1/ws';

/**
 * The address to connect to: scheme `http` means `ws`, no path means the usual one, and a watcher is a device of kind
 * `api` unless the address says otherwise.
 *
 * @throws UsageError
 */
export const targetOf = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new UsageError(
      '--url must be an address such as ws://localhost:8080 or wss://presence.example.com',
    );
  }
  if (url.username !== '' || url.password !== '' || url.searchParams.has('token')) {
    throw new UsageError('--url must not hold a token or password: use --token or ROLLCALL_TOKEN');
  }
  url.protocol = url.protocol.replace('http', 'ws');
  if (url.pathname === '/') url.pathname = PATH;
  url.hash = '';
  if (!url.searchParams.has('device')) url.searchParams.set('device', 'api');
  return url;
};

/** Well below the `MAX_FRAME_BYTES` of any deployment that has not lowered it. */
const MAX_IDS_BYTES = 8_192;

/** The `watch` frames that ask for everything wanted, each small enough to be accepted, by their `ref`. */
export const watchFrames = (
  users: readonly string[],
  tenant: boolean,
  places: readonly string[] = [],
): Map<string, string> => {
  const frames = new Map<string, string>();
  const add = (ref: string, what: object): void => {
    frames.set(ref, JSON.stringify({ type: 'watch', ...what, ref }));
  };
  for (const part of inParts(users)) add(`users-${frames.size + 1}`, { users: part });
  for (const part of inParts(places)) add(`places-${frames.size + 1}`, { places: part });
  if (tenant) add(TENANT_REF, { tenant: true });
  return frames;
};

/** Ids without duplicates, in lists that each fit in a frame. */
const inParts = (ids: readonly string[]): string[][] => {
  const parts: string[][] = [];
  let bytes = MAX_IDS_BYTES;
  for (const id of new Set(ids)) {
    const size = Buffer.byteLength(JSON.stringify(id)) + 1;
    if (bytes + size > MAX_IDS_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(id);
    bytes += size;
  }
  return parts;
};

export const TENANT_REF = 'tenant';
