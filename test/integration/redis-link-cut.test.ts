import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

const FAR = 1;

describe('a node whose own link to Redis fails', () => {
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1 });
    ({ proxy } = await cluster.addProxiedNode());
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  /** Both sides of the cut: what the rest of the cluster sees, and what the node tells its own clients. */
  const story = async (user: string, fail: () => void): Promise<void> => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: [user] });
    const inside: Client = await cluster.connect(user, { node: FAR });
    await inside.watch({ users: ['watcher'] });
    await watcher.sees(user, 'online');
    const mark = inside.mark;

    fail();
    await inside.until(() => inside.of('degraded', mark).some((frame) => frame.on), {
      timeoutMs: 5_000,
      what: 'degraded',
    });
    const answer = await cluster.http('/v1/presence/users/watcher', { node: FAR });
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ code: 'unavailable' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await watcher.sees(user, 'offline', bound() + SLACK_MS);
    // Cut off, it cannot know anything of others: silence, not a wrong offline.
    expect(statuses(inside, 'watcher')).toEqual([]);

    proxy.heal();
    await watcher.sees(user, 'online', healBound() + SLACK_MS);
    await inside.until(() => inside.of('degraded', mark).at(-1)?.on === false, {
      timeoutMs: healBound() + SLACK_MS,
      what: 'the end of degraded',
    });
    expect(inside.closed).toBeUndefined();
    await until(
      async () => (await cluster.http('/v1/presence/users/watcher', { node: FAR })).json.status === 'online',
      { timeoutMs: healBound() + SLACK_MS },
    );
    await holds(() => statuses(watcher, user).length === 3, bound(), 'no further transition');
    expect(statuses(watcher, user)).toEqual(['online', 'offline', 'online']);
    expect(statuses(inside, 'watcher')).toEqual([]);
    expectRisingVersions(watcher);
    await inside.bye();
    await watcher.sees(user, 'offline', 1_500);
  };

  it('comes back by itself after its connections were cut', () => story('cut', () => proxy.cut()));

  it('comes back by itself after its packets vanished without a word', () =>
    story('silent', () => proxy.stall('both')));

  it('comes back by itself when it could send but not hear', () => story('half', () => proxy.stall('down')));
});
