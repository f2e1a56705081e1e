import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.ts';
import { rssOf } from '../support/fuzz/rss.ts';
import { Assault } from './support/assault.ts';
import { Bystanders, type Pings } from './support/bystanders.ts';

/**
 * The big round, by hand: a node with little heap, strangers and signed-in people with very many sockets, each filling
 * whatever it can. It must live, let bystanders be, and give back what it took.
 */

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);
const SECONDS = number('SIEGE_SECONDS', 60);
const SOCKETS = number('SIEGE_SOCKETS', 15_000);
const PEOPLE = number('SIEGE_PEOPLE', 500);
const STRANGERS = number('SIEGE_STRANGERS', 1000);
const RATE = number('SIEGE_RATE', 4000);
/** Numbers of the kinds in attacks/besiege.ts, with commas; all, and requests beside them, when it is empty. */
const KINDS = (process.env.SIEGE_KINDS ?? '').split(',').filter(Boolean).map(Number);
const GENERATORS = 2;
const HEAP_MB = 768;
const REST_MS = number('SIEGE_REST_SECONDS', 60) * 1000;
const MB = 2 ** 20;
const TEAM = 20;

const say = (what: string, figures: object = {}): void =>
  void process.stdout.write(`${what} ${JSON.stringify(figures)}\n`);

const cluster = await Cluster.start({
  nodes: 1,
  env: {
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    HTTP_RATE: undefined,
    UPGRADE_RATE: undefined,
    PARTITIONS: '16',
    OFFLINE_GRACE_MS: '5000',
    HEARTBEAT_INTERVAL_MS: '2000',
    HEARTBEAT_TTL_MS: '6000',
    REAP_INTERVAL_MS: '1000',
    REDIS_COMMAND_TIMEOUT_MS: '2000',
  },
});
const node = cluster.node();
const target = { host: '127.0.0.1', port: node.port };
const rss = async (): Promise<number> => Math.round((await rssOf(node.pid)) / MB);
const tokens = await Promise.all(
  Array.from({ length: PEOPLE }, (_, n) =>
    cluster.token({
      sub: `person-${n}`,
      scope: 'connect watch read events',
      groups: [`team-${Math.floor(n / TEAM)}`],
    }),
  ),
);
const bystanders = await Bystanders.join(cluster);

const unfinished = (token: string): string =>
  `POST /v1/presence/batch HTTP/1.1\nHost: rollcall\nAuthorization: Bearer ${token}\nContent-Type: application/json\nContent-Length: 1048576\n\n{"users":[`;
const stream = (token: string): string =>
  `GET /v1/events HTTP/1.1\nHost: rollcall\nAuthorization: Bearer ${token}\nAccept: text/event-stream\n\n`;
const reset = 'GET /v1/presence/me HTTP/1.1\nHost: rollcall\n\n';

const begin = async (allowed: boolean): Promise<Assault[]> => {
  const crowds = await Promise.all(Array.from({ length: GENERATORS }, () => Assault.prepare()));
  await Promise.all(
    crowds.map((crowd) =>
      crowd.begin('besiege', target, {
        sockets: SOCKETS / GENERATORS,
        tokens,
        strangers: STRANGERS / GENERATORS,
        perSecond: RATE / GENERATORS,
        allowed,
        kinds: KINDS,
      }),
    ),
  );
  if (allowed || KINDS.length > 0) return crowds;
  const some = tokens.slice(0, 50);
  const filler = { bytes: 1_000_000, perSecond: 30, addresses: 30 };
  const bodies = await Assault.prepare();
  await bodies.begin('requests', target, { requests: some.map(unfinished), ...filler });
  const streams = await Assault.prepare();
  await streams.begin('requests', target, {
    requests: some.flatMap((token) => [stream(token), reset]),
    perSecond: 40,
    addresses: 30,
  });
  return [...crowds, bodies, streams];
};

/** @returns the pings of the bystanders meanwhile. */
const round = async (name: string, allowed: boolean): Promise<Pings> => {
  const before = await rss();
  const begun = performance.now();
  const assaults = await begin(allowed);
  say(`${name}: all there`, {
    seconds: Math.round((performance.now() - begun) / 1000),

    rssMb: await rss(),
  });
  let most = 0;
  const look = setInterval(
    () =>
      void rss().then((now) => {
        most = Math.max(most, now);
      }),
    1000,
  );
  const pings = await bystanders.pings(SECONDS * 1000);
  clearInterval(look);
  for (const assault of assaults) say(`${name}: attackers`, await assault.tally());
  await Promise.all(assaults.map((assault) => assault.stop()));
  say(`${name}: bystanders`, { ...pings, rssBefore: before, rssMost: most });
  return pings;
};

const rest = async (): Promise<number> => {
  await sleep(REST_MS);
  await node.ready();
  const mb = await rss();
  say('after the rest', { rssMb: mb, connections: await node.metric('rollcall_connections') });
  return mb;
};

let failed = 0;
const check = (what: string, holds: boolean): void => {
  say(holds ? 'ok' : 'FAILED', { what });
  if (!holds) failed += 1;
};
try {
  const allowed = await round('allowed', true);
  await sleep(Math.min(REST_MS, 15_000));
  const first = await round('siege 1', false);
  const after = await rest();
  const second = await round('siege 2', false);
  const again = await rest();
  const bound = Math.max(3 * allowed.p95, 50);
  for (const [name, { p95 }] of Object.entries({ first, second }))
    check(`p95 of the ${name} siege ${p95.toFixed(1)} ms, at most ${bound.toFixed(1)}`, p95 <= bound);
  check(`RSS ${again} MB after the second, ${after} MB after the first`, again <= 1.2 * after);
  check('the node lives and is ready', node.running && (await node.readyStatus()) === 200);
} catch (error) {
  say('FAILED', { what: String(error), running: node.running, log: node.tail(15) });
  failed += 1;
}
await cluster.stop();
process.exit(failed === 0 ? 0 : 1);
