/**
 * A connect storm on the token verifier: thousands of tokens presented at the same instant, per version.
 *
 *     npx tsx bench/auth.ts [tokens] [rounds]
 *
 * Besides throughput it shows what the rest of the process feels meanwhile: the longest turn of the event loop, and
 * how long a file read, which shares the thread pool, takes at worst. "unbounded" is the same without the queues.
 */

import { stat } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LocalProtocol } from 'paseto';
import { DecryptFactory, ImportKeyFactory } from 'paseto/v3/local';
import { generateLocalKey, generateSigningKeys } from '../src/auth/generate-keys.ts';
import { TokenIssuer } from '../src/auth/issuer.ts';
import { KeySet } from '../src/auth/key-set.ts';
import { type KeyVersion, parsePaserk } from '../src/auth/paserk.ts';
import { TOKEN_VERSIONS, type TokenVersion } from '../src/auth/principal.ts';
import { TokenVerifier } from '../src/auth/verifier.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { systemClock } from '../src/time/clock.ts';

const tokensEach = Number(process.argv[2] ?? 5_000);
const rounds = Number(process.argv[3] ?? 5);
const rules = { maxTtlSeconds: 86_400, audience: 'rollcall', issuer: 'https://id.example' };

interface Subject {
  readonly key: string;
  readonly tokens: readonly string[];
  readonly keys: KeySet;
}

const prepare = async (version: TokenVersion): Promise<Subject> => {
  const number = Number(version[1]) as KeyVersion;
  const key = version.endsWith('.local')
    ? generateLocalKey(number).local
    : (await generateSigningKeys(number)).secret;
  const keys = await KeySet.import([parsePaserk(key)], 'bench');
  const issuer = new TokenIssuer({ keys: { current: keys }, rules, clock: systemClock });
  const tokens: string[] = [];
  for (let index = 0; index < tokensEach; index++) {
    const user = `7d444840-9dc0-11d1-b245-${String(index).padStart(12, '0')}`;
    const groups = ['team-a', 'team-b', `room-${index % 100}`];
    tokens.push(
      (await issuer.issue({ user, tenant: 'acme', name: 'Ann Example', groups, ttlSeconds: 3_600 })).token,
    );
  }
  return { key, tokens, keys };
};

/** All at once: the second measure is the wait of the unluckiest file read begun meanwhile. */
const storm = async (tokens: readonly string[], verify: (token: string) => Promise<unknown>) => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let running = true;
  let slowestRead = 0;
  const reads = (async () => {
    while (running) {
      const began = performance.now();
      await stat('.');
      slowestRead = Math.max(slowestRead, performance.now() - began);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  // A sample before the storm, from which the first one in it is measured.
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  slowestRead = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(tokens.map(verify));
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  // One more sample, so that a turn that lasted to the end is seen.
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  running = false;
  await reads;
  return {
    rate: (tokens.length / ms) * 1_000,
    ms,
    cpu: (user + system) / tokens.length,
    // The histogram counts the interval between samples, which is 1 ms when nothing holds the loop.
    loop99: delay.percentile(99) / 1e6 - 1,
    loopMax: delay.max / 1e6 - 1,
    read: slowestRead,
  };
};
type Result = Awaited<ReturnType<typeof storm>>;

const column = (values: number[], digits = 0): string => {
  const sorted = [...values].sort((left, right) => left - right);
  const text = (value: number | undefined) => (value ?? 0).toFixed(digits);
  return `${text(sorted[sorted.length >> 1])} (${text(sorted[0])}–${text(sorted.at(-1))})`;
};

const report = (name: string, results: readonly Result[]): void => {
  const cells = [
    column(results.map((result) => result.rate)),
    column(results.map((result) => result.ms)),
    column(results.map((result) => result.cpu)),
    column(
      results.map((result) => result.loop99),
      1,
    ),
    column(
      results.map((result) => result.loopMax),
      1,
    ),
    column(
      results.map((result) => result.read),
      1,
    ),
  ];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
};

const repeat = async (
  name: string,
  tokens: readonly string[],
  verify: (token: string) => Promise<unknown>,
) => {
  await Promise.all(tokens.slice(0, 500).map(verify));
  const results: Result[] = [];
  for (let round = 0; round < rounds; round++) results.push(await storm(tokens, verify));
  report(name, results);
};

console.log(`${tokensEach} tokens at once, ${rounds} rounds: median (least–most), Node ${process.version}\n`);
console.log(
  '| version | tokens/s | whole storm, ms | CPU a token, µs | loop held, p99 ms | loop held, max ms | slowest file read, ms |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const version of TOKEN_VERSIONS) {
  const { key, tokens, keys } = await prepare(version);
  const verifier = (bounds: { parallel?: number; turnMs?: number }) =>
    new TokenVerifier({
      keys: { current: keys },
      rules,
      metrics: createMetrics(),
      clock: systemClock,
      ...bounds,
    });
  const bounded = verifier({});
  await repeat(version, tokens, (token) => bounded.verify(token));
  const unbounded = verifier({ parallel: tokensEach, turnMs: Number.POSITIVE_INFINITY });
  await repeat(`${version}, unbounded`, tokens, (token) => unbounded.verify(token));
  if (version === 'v3.local') {
    const v3 = new LocalProtocol(ImportKeyFactory, DecryptFactory);
    const imported = await v3.ImportKey(key as `k3.local.${string}`);
    await repeat('v3.local, all in WebCrypto', tokens, (token) => v3.Decrypt(imported, token));
  }
}
