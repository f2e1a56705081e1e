import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { Herd } from '../support/herd.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, DEFAULTS, SLACK_MS, timingEnv } from '../support/timings.ts';
import { Transitions } from '../support/transitions.ts';
import { holds, until } from '../support/until.ts';

/** `HERD_CLIENTS=5000` tells its figures as well. */
const ASKED = process.env.HERD_CLIENTS;
const CLIENTS = Number(ASKED ?? 1_500);
/** Redis as far away as in another zone of a bad network: its pace is what the herd is admitted at. */
const DISTANCE_MS = 15;

/** A node dies and everybody it held comes back at once, to the others, with the grace that users read of. */
describe.skipIf(!hasRedisBinary)('a reconnect herd', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  let heard: Transitions;
  let herd: Herd | undefined;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({
      nodes: 1,
      redis,
      env: { ...timingEnv(DEFAULTS), PARTITIONS: undefined, LOG_LEVEL: 'warn' },
    });
    for (let i = 0; i < 2; i++) {
      const { proxy } = await cluster.addProxiedNode();
      proxy.delay(DISTANCE_MS);
    }
    heard = await Transitions.listen(redis.url, cluster.prefix);
  }, 60_000);
  afterAll(async () => {
    await herd?.stop();
    heard?.stop();
    await cluster?.stop();
  });

  it('is let in at the pace Redis keeps, and nobody who was back within the grace was offline', async () => {
    const users = Array.from({ length: CLIENTS }, (_, i) => `herd-${i}`);
    const [dying, ...others] = cluster.nodes;
    if (dying === undefined) throw new Error('there is no node');
    herd = await Herd.gather({
      users,
      token: (user) => cluster.token(user),
      places: () => (dying.running ? [dying] : others),
    });
    await until(() => heard.of('online').length === CLIENTS, { timeoutMs: 30_000, what: 'everybody online' });

    const from = performance.now();
    await dying.kill();
    await herd.complete(60_000);
    const away = herd.awaySince(from);
    expect(away.size).toBe(CLIENTS);
    // The grace runs from the last heartbeat on at least; whoever was later than it has been away.
    const late = new Set([...away].filter(([, ms]) => ms > DEFAULTS.offlineGraceMs).map(([user]) => user));
    const worst = [...away.values()].sort((a, b) => a - b);
    const allIn = performance.now() - from;
    if (ASKED !== undefined) {
      const at = (share: number): number => Math.round(worst[Math.floor((worst.length - 1) * share)] ?? 0);
      process.stdout.write(
        `${CLIENTS} clients: away p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms; all back after ${Math.round(allIn)} ms; ` +
          `late ${late.size}; ends ${JSON.stringify([...herd.ends])}\n`,
      );
    } else {
      expect(late.size, 'late ones, of whom nothing is promised').toBeLessThan(CLIENTS / 2);
    }

    // Longer than the dead node's leases and graces, however late they were told.
    const end = bound(DEFAULTS) + 2 * SLACK_MS - (performance.now() - from);
    await holds(
      () => heard.of('offline').every(({ user }) => late.has(user)),
      Math.max(end, SLACK_MS),
      'nobody offline who was back in time',
    );
    expect(heard.of('online').filter(({ user }) => !late.has(user))).toHaveLength(CLIENTS - late.size);
    const count = await cluster.http('/v1/presence/count', { node: 1 });
    expect(count.json).toMatchObject({ online: CLIENTS });
    const batches = await cluster.node(1).metric('rollcall_flushes_total');
    // Many changes a call: the herd costs Redis calls by time, not by head.
    expect(batches + (await cluster.node(2).metric('rollcall_flushes_total'))).toBeLessThan(CLIENTS);
  }, 150_000);
});
