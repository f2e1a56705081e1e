import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { online, PARTITIONS, RealFeed } from './feed-rig.ts';
import { useRedis } from './use-redis.ts';

/** The feed as scripts really write it: every transition once, in order, or a reset. */
describe('the feed over Redis', () => {
  const redis = useRedis();
  let rig: RealFeed;
  beforeEach(async () => {
    rig = await RealFeed.start(redis.url());
  });
  afterEach(() => rig?.stop());

  /** Waits until so much was seen, and nothing that was not asked for. */
  const sees = async (expected: readonly string[]): Promise<void> => {
    await until(() => rig.seen.length >= expected.length, { what: expected.slice(-3).join() }).catch(
      () => undefined,
    );
    expect(rig.seen).toEqual(expected);
  };

  it('delivers what every script recorded, in order, each once', async () => {
    const users = rig.users(30);
    for (let at = 0; at < users.length; at += 3) await rig.write(users.slice(at, at + 3));
    await rig.write(users, false);
    await sees([...online(users), ...users.map((user) => `${user} offline`)]);
    expect(await rig.gapsRepaired()).toBe(0);
  });

  it('keeps the order of each partition while many write at once', async () => {
    const rounds = Array.from({ length: 20 }, (_, i) => i % 2 === 0);
    await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const users = rig.users(5, partition);
        for (const isOnline of rounds) await rig.write(users, isOnline);
      }),
    );
    await until(() => rig.seen.length === PARTITIONS * 5 * rounds.length, { what: 'all transitions' });
    for (const ids of rig.ids) expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  it('begins where the log is when it comes, and tells nothing of the time before', async () => {
    const [old = '', young = ''] = rig.users(2);
    await rig.write([old]);
    const late = await RealFeed.start(redis.url(), { prefix: rig.prefix });
    try {
      await rig.write([young]);
      await until(() => late.seen.length > 0);
      expect(late.seen).toEqual(online([young]));
    } finally {
      await late.feed.stop();
    }
    await sees(online([old, young]));
  });

  it('stopped and started again tells what it missed', async () => {
    const [one = '', two = '', three = ''] = rig.users(3);
    await rig.write([one]);
    await sees(online([one]));
    await rig.feed.stop();
    await rig.feed.stop();
    expect(rig.feed.connected).toBe(false);
    await rig.write([two]);
    await rig.feed.start();
    await rig.feed.start();
    await rig.write([three]);
    await sees(online([one, two, three]));
  });

  it('passes on texts of any kind', async () => {
    const [user = ''] = rig.users(1);
    await rig.write([user]);
    await sees(online([user]));
    const texts: (string | undefined)[] = [];
    rig.feed.subscribe({ transition: ({ transition }) => texts.push(transition.text) });
    const told = ['line\u2028separator', 'two\nlines\r', '"quoted" \\', '🚲 ünïcode'];
    for (const text of told) await rig.say(user, text);
    await until(() => texts.length === told.length, { what: 'four texts' });
    expect(texts).toEqual(told);
    expect(await rig.gapsRepaired()).toBe(0);
  });

  it('tells of a reset when the partition lost its data, and goes on', async () => {
    const [one = '', two = ''] = rig.users(2);
    await rig.write([one]);
    await sees(online([one]));
    await rig.lose();
    await rig.beat();
    await sees([...online([one]), 'reset 0']);
    await rig.write([two]);
    await sees([...online([one]), 'reset 0', ...online([two])]);
  });

  it('tells of a reset at the first message of a new generation, before any heartbeat does', async () => {
    const [one = '', two = ''] = rig.users(2);
    await rig.write([one]);
    await sees(online([one]));
    await rig.lose();
    await rig.beatSilently();
    await rig.write([two]);
    await sees([...online([one]), 'reset 0', ...online([two])]);
    await rig.beat();
    await rig.write([one]);
    await sees([...online([one]), 'reset 0', ...online([two, one])]);
  });

  it('goes on behind an entry that nobody can read', async () => {
    const [one = '', two = ''] = rig.users(2);
    await rig.write([one]);
    await sees(online([one]));
    await rig.writeNonsense();
    await rig.write([two]);
    // The message of the second shows the gap; the log has what nobody can read, and then the second.
    await sees([...online([one, two]), 'reset 0']);
    await rig.write([one], false);
    await sees([...online([one, two]), 'reset 0', `${one} offline`]);
  });
});
