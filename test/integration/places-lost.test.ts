import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { enter, inPlace, told, watchPlace } from '../support/in-places.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

const DOC = 'doc:7';
const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `user-${i}`);

describe('places through refreshes, crashes and losses', () => {
  let cluster: Cluster;
  afterEach(() => cluster?.stop());

  const watching = async (node: number): Promise<Client> =>
    watchPlace(await cluster.connect('watcher', { node }), DOC);
  const arrived = (watcher: Client, count: number): Promise<boolean> =>
    watcher.until(() => inPlace(watcher, DOC).size === count, {
      timeoutMs: 20_000,
      what: `${count} members`,
    });

  it('a refresh by everybody in a place of 200 makes no frame', async () => {
    // Wide enough for four hundred connects on a busy machine.
    const graceMs = 8_000;
    cluster = await Cluster.start({
      nodes: 2,
      env: { OFFLINE_GRACE_MS: String(graceMs), UPGRADE_RATE: '0' },
    });
    const watcher = await watching(0);
    const people = names(200);
    const open = (user: string, i: number) => cluster.connect(user, { node: i % 2 });
    const pages = await Promise.all(people.map(open));
    await Promise.all(pages.map((page, i) => enter(page, DOC, { color: i })));
    await arrived(watcher, people.length);
    const before = told(watcher, DOC).length;
    for (const page of pages) page.terminate();
    const again = await Promise.all(people.map((user, i) => open(user, i + 1)));
    // Another tab, which is somewhere else, opens meanwhile; the page enters a little after its welcome.
    await Promise.all(people.slice(0, 20).map(open));
    await holds(() => told(watcher, DOC).length === before, 300, 'no frame');
    await Promise.all(again.map((page, i) => enter(page, DOC, { color: i })));
    await holds(() => told(watcher, DOC).length === before, graceMs + 1_000, 'no frame');
    expect(inPlace(watcher, DOC).size).toBe(people.length);
  });

  it('members of a crashed node leave within B, and who is elsewhere too stays', async () => {
    cluster = await Cluster.start({ nodes: 3 });
    const watcher = await watching(0);
    const people = names(12);
    for (const user of [...people, 'both'])
      await enter(await cluster.connect(user, { node: 1 }), DOC, { of: user });
    await enter(await cluster.connect('both', { node: 2 }), DOC, { of: 'both' });
    await arrived(watcher, people.length + 1);
    await cluster.node(1).kill();
    await watcher.until(() => inPlace(watcher, DOC).size === 1, { timeoutMs: bound() + SLACK_MS });
    await holds(() => inPlace(watcher, DOC).has('both'), bound(), 'both');
    expect([...told(watcher, DOC)].sort()).toEqual(
      [...people, 'both']
        .flatMap((user) => [`${user} {"of":"${user}"}`, ...(user === 'both' ? [] : [`-${user}`])])
        .sort(),
    );
  });

  it('a restart of every node is unseen', async () => {
    cluster = await Cluster.start({ nodes: 3 });
    const watcher = await watching(2);
    const people = names(10);
    const clients = await Promise.all(people.map((user) => cluster.connect(user)));
    await Promise.all(clients.map((client) => enter(client, DOC, { a: 1 })));
    await arrived(watcher, people.length);
    const before = told(watcher, DOC).length;
    const move = async (client: Client, user: string, to: number): Promise<Client> => {
      await client.end();
      return enter(await cluster.connect(user, { node: to }), DOC, { a: 1 });
    };
    cluster.node(0).drain();
    const moved = await Promise.all(clients.map((client, i) => move(client, people[i] ?? '', 1)));
    await cluster.node(0).exited();
    await cluster.addNode();
    cluster.node(1).drain();
    await Promise.all(moved.map((client, i) => move(client, people[i] ?? '', 3)));
    await cluster.node(1).exited();
    await holds(() => told(watcher, DOC).length === before, 4_000, 'no frame');
  });

  it.skipIf(!hasRedisBinary)('a store that lost its data restores who stays without a frame', async () => {
    const redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
    const watcher = await watching(1);
    const people = names(10);
    const clients = await Promise.all(people.map((user, i) => cluster.connect(user, { node: i % 2 })));
    await Promise.all(clients.map((client, i) => enter(client, DOC, { n: i })));
    await arrived(watcher, people.length);
    const before = told(watcher, DOC).length;
    await redis.call('FLUSHALL');
    // What is said while nothing is known arrives.
    clients[0]?.send({ type: 'enter', place: DOC, data: { n: 'new' } });
    const leaver = clients[1];
    leaver?.terminate();
    await watcher.until(() => told(watcher, DOC).length === before + 2, {
      timeoutMs: healBound() + SLACK_MS,
    });
    await holds(() => told(watcher, DOC).length === before + 2, healBound(), 'no further frame');
    expect([...told(watcher, DOC)].slice(before).sort()).toEqual(['-user-1', 'user-0 {"n":"new"}']);
    expect(inPlace(watcher, DOC).size).toBe(people.length - 1);
    const late = await watching(0);
    expect([...inPlace(late, DOC).keys()].sort()).toEqual(people.filter((user) => user !== 'user-1').sort());
  });
});
