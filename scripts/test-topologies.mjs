// npm run test:topologies: what has to be true of every Redis, on one server, behind Sentinel and on a Cluster, each
// built from redis-server on free ports (a sentinel is redis-server as well). Arguments choose some of them:
//   npm run test:topologies -- cluster
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fail, root } from './lib/root.mjs';

const TOPOLOGIES = ['standalone', 'sentinel', 'cluster'];
/** Tests that break links or servers of their own know which Redis they do it to; these do not care. */
const { everywhere, oneServer } = JSON.parse(
  readFileSync(new URL('./topology-tests.json', import.meta.url), 'utf8'),
);

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !TOPOLOGIES.includes(name));
if (unknown !== undefined) fail(`${unknown} is none of ${TOPOLOGIES.join(', ')}`);

// A new test has to be given its place, or nobody would notice that it never runs on a Cluster.
const placed = new Set([...everywhere, ...Object.keys(oneServer)]);
const tests = readdirSync(`${root}test/integration`).flatMap(
  (name) => name.match(/^(.+)\.test\.ts$/)?.[1] ?? [],
);
const homeless = tests.filter((name) => !placed.has(name));
if (homeless.length > 0) fail(`say in scripts/topology-tests.json where these run: ${homeless.join(', ')}`);

const failed = (chosen.length > 0 ? chosen : TOPOLOGIES).filter((topology) => {
  console.log(`\n== ${topology}`);
  const files = ['test/contract/', ...everywhere.map((name) => `test/integration/${name}.test.ts`)];
  const { status } = spawnSync(process.execPath, ['scripts/test.mjs', ...files], {
    cwd: root,
    env: { ...process.env, ROLLCALL_TOPOLOGY: topology },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status !== 0;
});
if (failed.length > 0) fail(`failed on ${failed.join(', ')}`);
