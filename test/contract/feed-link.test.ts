import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../support/tcp-proxy.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { holds, until } from '../support/until.ts';
import { COMMAND_MS, online, RealFeed } from './feed-rig.ts';
import { useRedis } from './use-redis.ts';

/** How long a feed may be behind before its link is given up, and some slack for a busy machine. */
const BEHIND_MS = 500;
const SLACK_MS = 1500;

/** The newest is never missing, and never later than one heartbeat and a second, whatever the links do. */
describe.skipIf(!isOneServer)('the feed over a link that breaks', () => {
  const redis = useRedis();
  let rig: RealFeed;
  beforeEach(async () => {
    rig = await RealFeed.start(redis.url());
  });
  afterEach(() => rig?.stop());

  const sees = async (expected: readonly string[], timeoutMs = 5000): Promise<void> => {
    await until(() => rig.seen.length >= expected.length, { timeoutMs, what: expected.at(-1) ?? '' }).catch(
      () => undefined,
    );
    expect(rig.seen).toEqual(expected);
  };

  it('that Redis closes: subscribes again, and tells what was published meanwhile, before any heartbeat', async () => {
    const users = rig.users(4);
    const [one = '', two = '', three = '', four = ''] = users;
    await rig.write([one]);
    await sees(online([one]));
    rig.proxies.messages.cut();
    await until(() => !rig.feed.connected);
    await rig.write([two]);
    await rig.write([three]);
    rig.proxies.messages.heal();
    await sees(online([one, two, three]));
    await rig.write([four]);
    await sees(online(users));
  });

  it('that an operator kills comes back by itself', async () => {
    const [one = '', two = ''] = rig.users(2);
    for (const user of [one, two]) {
      await until(async () => (await rig.killSubscriber()) === 1, { what: 'a subscription to kill' });
      await rig.write([user]);
    }
    await sees(online([one, two]));
  });

  it('that went deaf in silence: reads the log and replaces the connection', async () => {
    const users = rig.users(4);
    const [one = '', two = '', three = '', four = ''] = users;
    await rig.write([one]);
    await sees(online([one]));
    const [deaf] = rig.proxies.messages.links;
    deaf?.stall('down');
    await rig.write([two]);
    await rig.write([three]);
    const from = performance.now();
    await rig.beat();
    await sees(online([one, two, three]), BEHIND_MS + SLACK_MS);
    expect(performance.now() - from).toBeGreaterThan(BEHIND_MS - 50);
    await until(() => rig.feed.connected && !rig.proxies.messages.links.has(deaf as Link), {
      what: 'another connection',
    });
    await rig.write([four]);
    await sees(online(users));
    // What the deaf one still held is late, not news.
    deaf?.heal();
    await holds(() => rig.seen.length === 4, 200, 'each once');
  });

  it('that is only a little late is not replaced', async () => {
    rig.proxies.messages.delay(200);
    const [link] = rig.proxies.messages.links;
    for (const user of rig.users(8)) {
      await rig.write([user]);
      await rig.beat();
    }
    await sees(online(rig.users(8)));
    await holds(() => rig.feed.connected, BEHIND_MS + 200, 'connected');
    expect([...rig.proxies.messages.links]).toEqual([link]);
    expect(await rig.gapsRepaired()).toBe(0);
  });

  it('that is not there when it starts is waited for in the background', async () => {
    const late = await RealFeed.start(redis.url(), { deaf: true });
    try {
      expect(late.feed.connected).toBe(false);
      const [one = '', two = ''] = late.users(2);
      await late.write([one]);
      await late.beat();
      // Heartbeats alone bring it, from the log.
      await until(() => late.seen.length === 1, { timeoutMs: BEHIND_MS + SLACK_MS });
      late.proxies.messages.heal();
      await until(() => late.feed.connected, { what: 'a subscription' });
      await late.write([two]);
      await until(() => late.seen.length === 2);
      expect(late.seen).toEqual(online([one, two]));
    } finally {
      await late.stop();
    }
  });

  it('that accepts and then says nothing is given up and tried again', async () => {
    const { messages } = rig.proxies;
    const [old] = messages.links;
    messages.stall('both');
    old?.destroy();
    const mute = await until(() => [...messages.links].find((link) => link !== old), { what: 'an attempt' });
    const from = performance.now();
    // A stalled proxy does not notice that it was left; the next attempt shows it.
    const isNew = (link: Link): boolean => link !== old && link !== mute;
    await until(() => [...messages.links].some(isNew), { timeoutMs: 4000, what: 'the next attempt' });
    expect(performance.now() - from).toBeGreaterThan(1000);
    messages.heal();
    await until(() => rig.feed.connected, { what: 'a subscription' });
    const [one = ''] = rig.users(1);
    await rig.write([one]);
    await sees(online([one]));
  });

  it('for commands: a gap is read with the first heartbeat after it is back', async () => {
    const [one = '', two = '', three = ''] = rig.users(3);
    await rig.write([one]);
    await sees(online([one]));
    const [subscriber] = rig.proxies.messages.links;
    rig.proxies.commands.cut();
    subscriber?.stall('down');
    await rig.write([two]);
    subscriber?.destroy();
    await until(
      async () => !rig.proxies.messages.links.has(subscriber as Link) && (await rig.isSubscribed()),
    );
    expect(rig.feed.connected).toBe(false);
    await rig.write([three]);
    await rig.beat();
    await holds(() => rig.seen.length === 1, 300, 'nothing newer before what is missing');
    rig.proxies.commands.heal();
    await until(async () => {
      await rig.beat();
      return rig.seen.length === 3;
    });
    expect(rig.seen).toEqual(online([one, two, three]));
  });

  it('for commands: what was under way fails when it closes, not a timeout later', async () => {
    const [one = '', two = '', three = ''] = rig.users(3);
    await rig.write([one]);
    await sees(online([one]));
    const [commands] = rig.proxies.commands.links;
    const [subscriber] = rig.proxies.messages.links;
    commands?.stall('down');
    subscriber?.stall('down');
    await rig.write([two]);
    subscriber?.destroy();
    await until(() => rig.feed.connected && !rig.proxies.messages.links.has(subscriber as Link));
    await rig.write([three]);
    const from = performance.now();
    commands?.destroy();
    await until(async () => {
      await rig.beat();
      return rig.seen.length === 3;
    });
    expect(performance.now() - from).toBeLessThan(COMMAND_MS * 0.8);
    expect(rig.seen).toEqual(online([one, two, three]));
  });

  it('for longer than the log remembers: says so', async () => {
    const users = rig.users(6);
    const [one = ''] = users;
    await rig.write([one]);
    await sees(online([one]));
    rig.proxies.messages.cut();
    await until(() => !rig.feed.connected);
    for (const user of users.slice(1)) await rig.write([user]);
    await rig.redis.call('XTRIM', rig.first.log, 'MAXLEN', '2');
    rig.proxies.messages.heal();
    await sees([...online([one]), ...online(users.slice(4)), 'reset 0']);
  });

  it('for so long that the log remembers nothing of it: says so once, and is not behind for ever', async () => {
    const [one = '', two = '', three = ''] = rig.users(3);
    await rig.write([one]);
    await sees(online([one]));
    rig.proxies.messages.cut();
    await until(() => !rig.feed.connected);
    await rig.write([two]);
    await rig.redis.call('XTRIM', rig.first.log, 'MAXLEN', '0');
    rig.proxies.messages.heal();
    await until(() => rig.feed.connected);
    const [link] = rig.proxies.messages.links;
    await rig.beat();
    await sees([...online([one]), 'reset 0'], BEHIND_MS + SLACK_MS);
    await until(() => rig.feed.connected);
    const links = new Set(rig.proxies.messages.links);
    expect(links.has(link as Link)).toBe(false);
    await rig.beat();
    await holds(() => rig.seen.length === 2, BEHIND_MS + 200, 'one reset');
    expect(new Set(rig.proxies.messages.links)).toEqual(links);
    await rig.write([three]);
    await sees([...online([one]), 'reset 0', ...online([three])]);
  });

  it('stopped in the middle of coming back stays stopped', async () => {
    rig.proxies.messages.cut();
    await until(() => !rig.feed.connected);
    await rig.feed.stop();
    rig.proxies.messages.heal();
    await rig.write(rig.users(1));
    await rig.beat();
    await holds(() => rig.proxies.messages.links.size === 0 && rig.seen.length === 0, BEHIND_MS + 300);
  });
});
