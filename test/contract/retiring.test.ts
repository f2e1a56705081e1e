import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
beforeEach(async () => {
  line = await Timeline.running(server.url(), ['a.0', 'b.0']);
});
afterEach(() => line.stop());

const held = async (): Promise<number> =>
  line.redis.exists(
    line.keys.beat('a.0'),
    line.keys.node('a.0'),
    line.keys.nodeMeta('a.0'),
    line.keys.seq('a.0'),
  );

describe('a node that has written everything and leaves', () => {
  it('leaves nothing for a reaper, who would take it for lost', async () => {
    await line.opens('a.0', 'ann');
    await line.closes('a.0', 'ann');
    await line.store.leases.retire(0, 'a.0');
    expect(await held()).toBe(0);
    expect(await line.redis.smembers(line.keys.nodes)).toEqual(['b.0']);
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
  });

  it('can bring nobody back with what was still under way', async () => {
    await line.opens('a.0', 'ann');
    await line.closes('a.0', 'ann');
    await line.store.leases.retire(0, 'a.0');
    expect(await line.opens('a.0', 'ann')).toEqual({ result: 'fenced' });
    expect((await line.beat('a.0')).fenced).toBe(true);
    expect(await held()).toBe(0);
  });

  it('stays while somebody is listed for it: they are a reaper’s when its lease is over', async () => {
    await line.opens('a.0', 'ann');
    await line.store.leases.retire(0, 'a.0');
    expect(await held()).toBe(4);
    expect(await line.redis.smembers(line.keys.nodes)).toContain('a.0');
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
    expect(await line.opens('a.0', 'bob')).toMatchObject({ result: 'ok' });
  });
});
