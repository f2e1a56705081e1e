import { readFileSync } from 'node:fs';
import type { Settings } from './schema.ts';

/** Open files reserved for Redis, keys, logs and listening sockets. */
const RESERVED = 256;
/** Of the rest, at most for HTTP connections: they are short, and what a node is for are the others. */
const HTTP_SHARE = 0.25;

type Bounds = Pick<Settings, 'maxConnections' | 'maxHttpConnections'>;

/** The soft limit in the text of `/proc/<pid>/limits`; `undefined` when there is none, or it is not given. */
export const parseOpenFiles = (limits: string): number | undefined => {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
};

/**
 * How many files this process may have open, where the system reports it: Linux. Node has raised it to the hard
 * limit.
 */
export const openFilesAllowed = (path = '/proc/self/limits'): number | undefined => {
  try {
    return parseOpenFiles(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};

/**
 * Bounds that the system can keep. Beyond its limit of open files a connection fails without an answer, and so does
 * every other open: a higher bound of ours would never be reached, and no client would be sent elsewhere.
 */
const kept = ({ maxConnections, maxHttpConnections }: Bounds, allowed: number): Bounds => {
  const room = Math.max(2, allowed - RESERVED);
  if (maxConnections + maxHttpConnections <= room) return { maxConnections, maxHttpConnections };
  // Whichever leaves more: files that the sockets do not need are for HTTP.
  const http = Math.max(1, Math.floor(room * HTTP_SHARE), room - maxConnections);
  const ofHttp = Math.min(maxHttpConnections, http);
  return { maxConnections: Math.min(maxConnections, room - ofHttp), maxHttpConnections: ofHttp };
};

/** The settings within a limit of open files, and what to warn of: one line for each that was lowered. */
export const withinOpenFiles = (
  settings: Settings,
  allowed: number | undefined,
): { readonly settings: Settings; readonly warnings: readonly string[] } => {
  if (allowed === undefined) return { settings, warnings: [] };
  const bounds = kept(settings, allowed);
  const warnings = (
    [
      ['MAX_CONNECTIONS', 'maxConnections'],
      ['MAX_HTTP_CONNECTIONS', 'maxHttpConnections'],
    ] as const
  )
    .filter(([, key]) => bounds[key] < settings[key])
    .map(
      ([name, key]) =>
        `${name}=${settings[key]} does not fit into ${allowed} open files: this node takes ${bounds[key]}. Raise the limit (LimitNOFILE, ulimits) or lower the setting`,
    );
  return { settings: { ...settings, ...bounds }, warnings };
};
