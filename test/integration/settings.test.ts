import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { NodeProcess } from '../support/node-process.ts';
import { createIssuer } from '../support/tokens.ts';

const BAD_SETTING = 78;

/** The wrong setting, and what the line must name. */
const TABLE: [env: Record<string, string | undefined>, named: RegExp][] = [
  [{ REDIS_URL: undefined }, /REDIS_URL/],
  [{ REDIS_URL: 'http://localhost' }, /REDIS_URL/],
  [{ PASETO_KEYS: undefined }, /PASETO_KEYS/],
  [{ PASETO_KEYS: 'k4.public.tooshort' }, /PASETO_KEYS/],
  [{ PASETO_KEYS: undefined, PASETO_KEYS_FILE: '/nonexistent/keys' }, /PASETO_KEYS_FILE/],
  [{ PASETO_KEYS: undefined, PASETO_SYMMETRIC_KEY: 'abc' }, /PASETO_SYMMETRIC_KEY/],
  [{ PASETO_SYMMETRIC_VERSION: 'v9' }, /PASETO_SYMMETRIC_VERSION/],
  [{ PORT: 'eighty' }, /PORT/],
  [{ PORT: '70000' }, /PORT/],
  [{ ADMIN_PORT: '-1' }, /ADMIN_PORT/],
  [{ PARTITIONS: '0' }, /PARTITIONS/],
  [{ PARTITIONS: '1.5' }, /PARTITIONS/],
  [{ HEARTBEAT_INTERVAL_MS: '1000', HEARTBEAT_TTL_MS: '2000' }, /HEARTBEAT_TTL_MS/],
  [{ OFFLINE_GRACE_MS: '-5' }, /OFFLINE_GRACE_MS/],
  [{ IDLE_AWAY_MS: 'soon' }, /IDLE_AWAY_MS/],
  [{ REDIS_PREFIX: 'has space' }, /REDIS_PREFIX/],
  [{ LAST_SEEN: 'sometimes' }, /LAST_SEEN/],
  [{ WATCH_POLICY: 'everyone' }, /WATCH_POLICY/],
  [{ TOKEN_IN_QUERY: 'maybe' }, /TOKEN_IN_QUERY/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
];

describe('wrong settings stop the start with exit code 78 and a line that names the setting', () => {
  let good: Record<string, string | undefined>;
  beforeAll(async () => {
    good = { REDIS_URL: 'memory:', PASETO_KEYS: (await createIssuer()).publicKey };
  });

  it.each(TABLE)('%j', async (env, named) => {
    const node = await NodeProcess.start({ env: { ...good, ...env }, waitReady: false });
    try {
      expect(await node.exited(), node.tail()).toBe(BAD_SETTING);
      const lines = node.logs.filter((line) => named.test(line));
      expect(lines, node.tail()).not.toEqual([]);
      // One clear line: no stack, and no warning of something else before it.
      expect(node.logs.filter((line) => line !== '')).toHaveLength(1);
    } finally {
      await node.kill();
    }
  });

  it.each(['HOST', 'ADMIN_HOST'])('a %s that this machine does not have is named', async (setting) => {
    // Reserved for documentation: no machine has it.
    const node = await NodeProcess.start({ env: { ...good, [setting]: '192.0.2.1' }, waitReady: false });
    try {
      expect(await node.exited(), node.tail()).toBe(BAD_SETTING);
      expect(node.tail()).toContain(`rollcall: ${setting} is no address of this machine: 192.0.2.1`);
    } finally {
      await node.kill();
    }
  });

  it.each(['PORT', 'ADMIN_PORT'])('a %s that another process has is named', async (setting) => {
    const squatter: Server = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const node = await NodeProcess.start({ env: { ...good, [setting]: String(port) }, waitReady: false });
    try {
      expect(await node.exited(), node.tail()).toBe(BAD_SETTING);
      expect(node.tail()).toContain(
        `rollcall: ${setting} is a port that another process listens on: ${port}. Stop that process, or choose another port`,
      );
      expect(node.tail()).not.toContain('"stack"');
    } finally {
      await node.kill();
      squatter.close();
    }
  });

  it('a secret never shows in the line that complains about it', async () => {
    const secret = 'c2VjcmV0LXNlY3JldA';
    const node = await NodeProcess.start({
      env: { ...good, PASETO_KEYS: undefined, PASETO_SYMMETRIC_KEY: secret },
      waitReady: false,
    });
    expect(await node.exited()).toBe(BAD_SETTING);
    expect(node.tail()).not.toContain(secret);
  });
});

describe('a node that does not fit the cluster', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { PARTITIONS: '8' } });
  });
  afterAll(() => cluster?.stop());

  it('refuses to start with another number of partitions; the cluster goes on', async () => {
    const other = await cluster.addNode({ PARTITIONS: '4' }, false);
    expect(await other.exited()).toBe(BAD_SETTING);
    expect(other.tail()).toMatch(/PARTITIONS/);
    await cluster.connect('ann');
    expect((await cluster.http('/v1/presence/users/ann')).json.status).toBe('online');
    const same = await cluster.addNode({ PARTITIONS: '8' });
    expect(same.running).toBe(true);
  });
});

describe('the embedded store', () => {
  it('one node without Redis does the same main job', async () => {
    const cluster = await Cluster.start({ nodes: 1, env: { REDIS_URL: 'memory:' } });
    try {
      const watcher = await cluster.watcher('watcher');
      await watcher.watch({ users: ['ann'] });
      const ann = await cluster.connect('ann');
      await watcher.sees('ann', 'online');
      await ann.ask({ type: 'status', status: 'busy' });
      await watcher.sees('ann', 'busy');
      ann.close();
      await watcher.sees('ann', 'offline');
      expect((await cluster.http('/v1/presence/count')).json).toEqual({ online: 1, away: 0, busy: 0 });
    } finally {
      await cluster.stop();
    }
  });
});
