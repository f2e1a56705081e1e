import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlaceReport } from '../../src/store/port/reports.ts';
import { decodeStreamEntry } from '../../src/store/redis/log-codec.ts';
import { expectConsistent } from './consistent.ts';
import { happened, inPlace, outOf } from './places-said.ts';
import { GRACE, INTERVAL, TENANT, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

describe('places when nodes die and data is lost', () => {
  const server = useRedis();
  let line: Timeline;
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
  });
  afterEach(async () => {
    await expectConsistent(line.redis, line.keys);
    await line.stop();
  });

  const story = async (): Promise<string[]> => {
    const entries = await line.redis.xrange(line.keys.placeLog, '-', '+');
    return happened(entries.map(([id, fields]) => decodeStreamEntry(id, fields)));
  };
  const shown = async (): Promise<string[] | undefined> =>
    (await line.store.places.members(TENANT, 'doc', 100))?.map(({ user, data }) => `${user}${data ?? ''}`);
  const says = (node: string, user: string, places: readonly PlaceReport[]) =>
    line.opens(node, user, { openedAgo: 10, places });
  /** What a node has learned that others are shown of a user. */
  const knownOf = async (user: string): Promise<PlaceReport['known'] | undefined> => {
    const found = (await line.store.places.members(TENANT, 'doc', 100))?.find((each) => each.user === user);
    return (
      found && { since: found.since, ver: found.ver, ...(found.data !== undefined && { data: found.data }) }
    );
  };
  const knowing = async (user: string): Promise<Partial<PlaceReport>> => {
    const known = await knownOf(user);
    return known ? { known } : {};
  };

  it('keeps who was on a dead node through the grace of the place, and then lets them leave', async () => {
    await says('a.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 5 })]);
    await says('b.0', 'ann', []);
    await line.dies('a.0');
    await line.pass(TTL, 'b.0');
    await line.reap();
    await line.pass(GRACE, 'b.0');
    await line.sweep();
    expect(await story()).toEqual(['ann entered {"n":1} enter', 'ann left node_lost']);
    expect(await line.status('ann')).toBe('online');
  });

  it('restores who is still in it without a change, and lets nobody else in before all have reported', async () => {
    await says('a.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 5 })]);
    const restored = { data: '{"n":1}', stamp: 5, enteredAgo: 5000, ...(await knowing('ann')) };
    const view = await line.view('ann');
    await line.everythingIsLost();
    await line.beat('b.0');
    await line.beat('a.0');
    await line.pass(INTERVAL * 1.5);
    await line.beat('a.0');
    await line.beat('b.0');
    await line.opens('b.0', 'bob', { places: [inPlace('doc')] });
    await line.opens('a.0', 'ann', { openedAgo: 5000, known: view, places: [inPlace('doc', restored)] });
    expect(await story()).toEqual([]);
    await line.pass(2 * TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await story()).toEqual(['bob entered connect']);
    expect(await shown()).toEqual(['ann{"n":1}', 'bob']);
  });

  it('shows after a loss the data that was said meanwhile', async () => {
    await says('a.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 5 })]);
    const known = await knowing('ann');
    const view = await line.view('ann');
    await line.everythingIsLost();
    await line.beat('a.0');
    await line.pass(2 * TTL, 'a.0', 'b.0');
    const stamp = (known.known?.ver ?? 0) + 1000;
    await line.opens('a.0', 'ann', {
      ...{ openedAgo: 5000, known: view },
      places: [inPlace('doc', { enteredAgo: 5000, data: '{"n":2}', stamp, ...known })],
    });
    expect(await story()).toEqual(['ann changed {"n":2} data']);
    expect(await shown()).toEqual(['ann{"n":2}']);
  });

  it('restores nothing that others have seen end since', async () => {
    await says('a.0', 'ann', [inPlace('doc')]);
    const known = await knowing('ann');
    await says('a.0', 'ann', [outOf('doc', { leftAgo: 0 })]);
    // A node that was cut off knows only what came before.
    await says('b.0', 'ann', [inPlace('doc', known)]);
    expect(await story()).toEqual(['ann entered enter', 'ann left leave', 'ann entered enter']);
  });
});

describe('users without places', () => {
  const server = useRedis();

  it('have nothing of places in their row, and no key', async () => {
    const line = await Timeline.running(server.url());
    await line.opens('a.0', 'ann');
    await line.closes('a.0', 'ann');
    expect((await line.row('ann'))?.rare).toEqual({});
    expect(await line.redis.exists(line.keys.placeLog)).toBe(0);
    await line.stop();
  });
});
