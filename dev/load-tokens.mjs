import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { root } from '../scripts/lib/root.mjs';

/** How often a stream of events ends with its token and is resumed. */
const STREAMS = 3;
/** What a run takes beside its time: to start, to connect, to leave. */
const EDGES_S = 15;

/**
 * Signs every token of a run beforehand, by the command that anybody has: signing is not what is measured.
 * @param secret - PASERK key.
 * @returns the folder.
 */
export const writeTokens = (folder, secret, { people, seconds }) => {
  const sign = (user, scope, ttl, count) => {
    const options = { user, scope, ttl: String(ttl), ...(count !== undefined && { count: String(count) }) };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const done = spawnSync(process.execPath, [`${root}dist/cli.js`, 'token', ...args], {
      // Not as an argument: everybody on the machine sees those.
      env: { PASETO_KEYS: secret },
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (done.status !== 0) throw new Error(`rollcall token: ${done.stderr}`);
    return done.stdout;
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (file, text) => writeFileSync(`${folder}/${file}`, text, { mode: 0o600 });
  const hours = 6 * 3_600;
  // Some scenarios have a few more than they say.
  write('people.txt', sign('load-{n}', 'connect watch watch:tenant', hours, Math.ceil(people * 1.1) + 10));
  write('reader.txt', sign('load-reader', 'read', hours));
  const ends = Array.from({ length: STREAMS }, (_, i) =>
    Math.ceil(((seconds + EDGES_S) * (i + 1)) / STREAMS),
  );
  write('backends.txt', ends.map((ttl) => sign('load-backend', 'events', ttl)).join(''));
  return folder;
};
