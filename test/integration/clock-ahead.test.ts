import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeys } from '../../src/redis/keys.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { openObserver } from '../support/observer.ts';
import { SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

const OPERATOR = { sub: 'operator', scope: 'admin write read' };
const LEAD_MS = 20_000;
/** What comes back at least, of every ms that passes. */
const COMES_BACK = 0.01;

/**
 * The hybrid clock orders. A failover, or entries that nodes have seen, put it ahead of the time of day; then nothing
 * that people wrote or did may be judged by it.
 */
describe('a hybrid clock that is ahead of the time of day', () => {
  let cluster: Cluster;
  let redis: Redis;
  const metas = () => createKeys(cluster.prefix, 16).partitions.map(({ meta }) => meta);
  const today = async (): Promise<number> => {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1000 + Number(micros) / 1000;
  };
  const lead = async (): Promise<number> => {
    const clocks = await Promise.all(metas().map((meta) => redis.hget(meta, 'clock')));
    return Math.max(...clocks.map((clock) => Number(clock) / 1000)) - (await today());
  };
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 2,
      // Nodes learn of the lead with a heartbeat: what they make of it has to be seen soon.
      env: { HEARTBEAT_INTERVAL_MS: '200', HEARTBEAT_TTL_MS: '3000' },
    });
    redis = openObserver(cluster.redis.url);
  });
  beforeEach(async () => {
    const ahead = Math.floor(((await today()) + LEAD_MS) * 1000);
    for (const meta of metas()) await redis.hset(meta, 'clock', ahead);
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(async () => {
    redis?.disconnect();
    await cluster?.stop();
  });
  const post = async (path: string): Promise<void> => {
    expect((await cluster.http(path, { claims: OPERATOR, method: 'POST' })).status).toBe(204);
  };

  it('comes back while nodes beat and people come and go', async () => {
    const start = await today();
    await until(async () => (await today()) - start > 600, { what: 'some heartbeats' });
    const begun = { at: await today(), lead: await lead() };
    await until(
      async () => {
        const ann = await cluster.connect('ann');
        await ann.bye();
        return (await today()) - begun.at > 2000;
      },
      { what: 'two seconds' },
    );
    const passed = (await today()) - begun.at;
    expect(begun.lead - (await lead())).toBeGreaterThan(COMES_BACK * passed);
  });

  it('closes nobody as logged out who signed in after the logout', async () => {
    for (let round = 0; round < 10; round += 1) {
      const user = `bob${round}`;
      const before = await cluster.connect(user);
      await post(`/v1/users/${user}/logout`);
      expect(await before.end()).toBe(1000);
      const after = await cluster.connect(user, { node: round % 2 });
      expect((await after.ask({ type: 'status', status: 'busy' })).type).toBe('ack');
      expect([after.closed, (await cluster.http(`/v1/presence/users/${user}`)).json.status]).toEqual([
        undefined,
        'busy',
      ]);
    }
  });

  it('writes a revocation down by the time of day: a token of some seconds later is good', async () => {
    await post('/v1/users/cem/revoke');
    const stamped = await Promise.all(
      createKeys(cluster.prefix, 16).partitions.map(({ revoked }) => redis.zscore(revoked, 'default:cem')),
    );
    const at = Number(stamped.find((score) => score !== null));
    expect(Math.abs(at - (await today()) / 1000)).toBeLessThan(LEAD_MS / 2000);
  });

  it('takes a status with an end that is to come, and ends it on time', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['dora'] });
    const dora = await cluster.connect('dora');
    await watcher.sees('dora', 'online');
    const end = (await today()) + 3000;
    const answer = await dora.ask({ type: 'status', status: 'busy', until: new Date(end).toISOString() });
    expect(answer.type).toBe('ack');
    await watcher.sees('dora', 'busy', 1000);
    await watcher.sees('dora', 'online', 3000 + SLACK_MS);
    expect((await today()) - end).toBeGreaterThanOrEqual(0);
    expect(statuses(watcher, 'dora')).toEqual(['online', 'busy', 'online']);
  });

  it('tells people the time of day: when a status began, and when somebody was last active', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['eve'] });
    const eve = await cluster.connect('eve');
    await watcher.sees('eve', 'online');
    await eve.bye();
    const { since = '', lastSeen = '' } = await watcher.sees('eve', 'offline');
    const now = await today();
    for (const told of [since, lastSeen]) expect(Math.abs(Date.parse(told) - now)).toBeLessThan(LEAD_MS / 2);
  });
});
