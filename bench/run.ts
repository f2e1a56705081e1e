import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RedisServer } from '../test/support/redis-server.ts';
import { connectRates } from './connect-rates.ts';
import { connectionMemory } from './connection-memory.ts';
import { connects } from './connects.ts';
import { fanout } from './fanout.ts';
import { idleCluster } from './idle-cluster.ts';
import { latency } from './latency.ts';
import { openFilesLimit } from './lib/proc.ts';
import { page, type Section, textTable, withChapters } from './lib/report.ts';
import { type Benchmark, gather, reached, type Sample } from './lib/result.ts';
import { places } from './places.ts';
import { redisCost } from './redis-cost.ts';
import { rollingRestart } from './rolling-restart.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  connects,
  'connect-rates': connectRates,
  'idle-cluster': idleCluster,
  fanout,
  latency,
  'connection-memory': connectionMemory,
  places,
  'redis-cost': redisCost,
  'rolling-restart': rollingRestart,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    repeats: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});

const usage = (message: string): never => {
  console.error(
    `${message}\nnpm run bench -- [--only NAME]… [--repeats N] [--write]; NAME: ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(2);
};
const repeats = Number(values.repeats);
if (!Number.isInteger(repeats) || repeats < 1) usage('--repeats takes a positive number');
const chosen = values.only ?? Object.keys(BENCHMARKS);
for (const name of chosen) if (BENCHMARKS[name] === undefined) usage(`there is no benchmark ${name}`);

console.log(`ulimit -n: ${openFilesLimit()}; ${repeats} repetitions`);
const sections: Section[] = [];
for (const name of chosen) {
  const benchmark = BENCHMARKS[name] as Benchmark;
  console.log(`\n${benchmark.title}\n`);
  const runs: Sample[][] = [];
  for (let i = 0; i < repeats; i++) runs.push(await benchmark.run());
  const rows = gather(runs);
  sections.push({ benchmark, rows });
  console.log(textTable(rows));
}
if (values.write) {
  const redis = await RedisServer.start();
  const version = (await redis.info('redis_version')) ?? 'unknown';
  await redis.stop();
  const file = new URL('../docs/benchmarks.md', import.meta.url);
  writeFileSync(
    file,
    values.only === undefined
      ? page(sections, repeats, version)
      : withChapters(readFileSync(file, 'utf8'), sections),
  );
  console.log('\nwritten to docs/benchmarks.md');
}
const missed = sections.flatMap(({ rows }) => rows.filter((row) => reached(row) === false));
for (const row of missed) console.log(`target missed: ${row.name}`);
process.exitCode = missed.length === 0 ? 0 : 1;
