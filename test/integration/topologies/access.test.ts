import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Certificates } from '../../support/certificates.ts';
import { Cluster } from '../../support/cluster.ts';
import { NodeProcess } from '../../support/node-process.ts';
import { hasRedisBinary, RedisServer } from '../../support/redis-server.ts';
import { createIssuer } from '../../support/tokens.ts';
import { startTopology } from '../../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../../support/topologies/redis-topology.ts';
import { until } from '../../support/until.ts';

/** The rule that the documentation gives to administrators. */
const documentedRule = async (): Promise<string[]> => {
  const page = await readFile(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
  const [, rule] = /```acl\nuser rollcall (.*)\n```/.exec(page) ?? [];
  if (rule === undefined) throw new Error('docs/redis.md has no rule');
  return rule.split(' ');
};

describe.skipIf(!hasRedisBinary)('over TLS, as a user with the documented rights', () => {
  let certificates: Certificates;
  let redis: RedisServer | RedisTopology;
  let cluster: Cluster;
  beforeAll(async () => {
    certificates = await Certificates.make();
  });
  afterEach(() => cluster?.stop());
  afterAll(() => certificates?.remove());

  it.each(['standalone', 'sentinel', 'cluster'] as const)('a node does all its work (%s)', async (kind) => {
    redis = await startTopology(kind, certificates);
    const rule = (await documentedRule()).map((word) => word.replace('rollcall:', 'limited:'));
    for (const server of redis instanceof RedisServer ? [redis] : redis.servers) {
      await server.call('ACL', 'SETUSER', 'node', ...rule);
    }
    cluster = await Cluster.start({
      nodes: 1,
      redis,
      env: {
        REDIS_URL: redis.url.replace('://', '://node:secret@'),
        REDIS_PREFIX: 'limited',
        NODE_EXTRA_CA_CERTS: certificates.ca,
        WRITE_REPLICAS: kind === 'standalone' ? '0' : '1',
      },
    });
    const watcher = await cluster.watcher('watcher');
    await watcher.watch({ users: ['ann', 'bob'] });
    const ann = await cluster.connect('ann');
    await watcher.sees('ann', 'online');
    expect(await ann.ask({ type: 'status', status: 'invisible' })).toMatchObject({ type: 'ack' });
    await watcher.sees('ann', 'offline');
    const bob = await cluster.connect('bob');
    await watcher.sees('bob', 'online');
    bob.terminate();
    // The grace ends by a sweep.
    await watcher.sees('bob', 'offline');
    expect((await cluster.http('/v1/presence/online')).status).toBe(200);
    expect((await cluster.http('/v1/presence/count')).json).toMatchObject({ online: 1 });
    expect(cluster.node().tail()).not.toContain('NOPERM');
  });

  it('a node that lacks rights, or is led to another Redis, ends with 78 and says why', async () => {
    const plain = await RedisServer.start();
    redis = plain;
    await plain.call('ACL', 'SETUSER', 'node', ...(await documentedRule()), '-xadd');
    cluster = await Cluster.start({ nodes: 0, redis });
    for (const [url, said] of [
      [plain.url.replace('://', '://node:secret@'), `lacks rights at 127.0.0.1:${plain.port}: +xadd`],
      [plain.url.replace('redis:', 'redis+cluster:'), 'use redis://'],
    ] as const) {
      const node = await cluster.addNode({ REDIS_URL: url, REDIS_PREFIX: 'rollcall' }, false);
      expect(await node.exited()).toBe(78);
      expect(node.logs.filter((line) => !line.startsWith('{'))).toEqual([
        expect.stringMatching(/^rollcall: REDIS_URL .*/),
      ]);
      expect(node.tail()).toContain(said);
      expect(node.tail()).not.toContain('secret');
    }
  });
});

describe('a Redis that is away', () => {
  it.each(['redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster', 'redis+cluster://127.0.0.1:1'])(
    'does not keep a node from listening (%s)',
    async (url) => {
      const { publicKey } = await createIssuer();
      const node = await NodeProcess.start({
        env: { REDIS_URL: url, PASETO_KEYS: publicKey },
        waitReady: false,
      });
      try {
        await until(async () => (await fetch(node.httpUrl)).status === 404, { what: 'the public side' });
        expect(await node.readyStatus()).toBe(503);
      } finally {
        await node.kill();
      }
    },
  );
});
