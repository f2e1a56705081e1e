import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { DEFAULTS, healBound, SLACK_MS, timingEnv } from '../support/timings.ts';
import { until } from '../support/until.ts';

/**
 * With the default heartbeat the partitions find a loss in turns, over two seconds, and sooner where somebody changes.
 * A reader is told of all that once.
 */
describe.skipIf(!hasRedisBinary)('one loss of data', { timeout: 90_000 }, () => {
  const USERS = Array.from({ length: 48 }, (_, i) => `person-${i}`);
  let redis: RedisServer;
  let cluster: Cluster;
  let readers: EventClient[] = [];
  let churn: NodeJS.Timeout | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const unset = Object.fromEntries(Object.keys(timingEnv(DEFAULTS)).map((name) => [name, undefined]));
    const env = { ...unset, PARTITIONS: '16', TRANSITION_INTERVAL_MS: '0' };
    cluster = await Cluster.start({ nodes: 2, redis, env });
  });
  afterAll(async () => {
    clearInterval(churn);
    for (const reader of readers) reader.close();
    await cluster?.stop();
  });

  const open = async (node: number, query = ''): Promise<EventClient> => {
    const token = await cluster.token({ sub: 'mirror', scope: 'events' });
    const reader = await EventClient.open(`${cluster.node(node).httpUrl}/v1/events${query}`, { token });
    readers.push(reader);
    return reader;
  };

  const isKnown = (): Promise<unknown> =>
    until(
      async () => {
        const answers = [0, 1].map((node) =>
          cluster.http('/v1/presence/batch', { method: 'POST', body: { users: USERS }, node }),
        );
        return (await Promise.all(answers)).every(({ status }) => status === 200);
      },
      { what: 'answers of both nodes', timeoutMs: healBound(DEFAULTS) + SLACK_MS, everyMs: 100 },
    );

  it('is one reset for a reader, whether it reads or comes back, and another loss is another one', async () => {
    const people = await Promise.all(USERS.map((user, i) => cluster.connect(user, { node: i % 2 })));
    let turn = 0;
    churn = setInterval(() => {
      turn += 1;
      const status = turn % (2 * USERS.length) < USERS.length ? 'busy' : 'away';
      people[turn % USERS.length]?.send({ type: 'status', status });
    }, 20);
    const [first, second] = [await open(0), await open(1)];
    for (const reader of [first, second]) await reader.until(() => reader.story.length > 20, 'changes');
    const cursor = await first.mark();
    for (const losses of [1, 2]) {
      await redis.call('FLUSHALL');
      // Before their node has found the loss, and while it does.
      const back = [await open(0, `?after=${cursor}`), await open(1, `?after=${cursor}`)];
      await first.until(() => first.of('reset').length === losses, 'a reset');
      back.push(await open(1, `?after=${cursor}`));
      await isKnown();
      // A cursor follows only what every partition has been heard of since.
      for (const reader of [first, second, ...back]) {
        const { length } = reader.ids;
        await reader.until(() => reader.ids.length > length + 1, 'cursors after the loss');
      }
      expect([first, second].map((reader) => reader.of('reset').length)).toEqual([losses, losses]);
      expect(back.map((reader) => reader.of('reset').length)).toEqual([1, 1, 1]);
      for (const reader of back) reader.close();
      readers = [first, second];
    }
  });
});
