import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type FollowState,
  follow,
  type MemorySink,
  memorySink,
  type Sink,
} from '../../packages/events/src/index.ts';
import { end, own } from '../support/child.ts';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { mastersOf, startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';
import { until } from '../support/until.ts';

/** A follower in this process, at whichever node it is pointed to, as behind a balancer. */
class Running {
  readonly states: FollowState[] = [];
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  constructor(cluster: Cluster, sink: Sink, node: () => number) {
    this.#done = follow({
      url: 'http://rollcall.test',
      getToken: () => cluster.token({ sub: 'mirror', scope: 'read events' }),
      sink,
      signal: this.#stopping.signal,
      onState: (state) => this.states.push(state),
      fetch: (input, init) =>
        fetch(String(input).replace('http://rollcall.test', cluster.node(node()).httpUrl), init),
    });
  }

  get snapshots(): number {
    return this.states.filter(
      ({ state }, i) => state === 'snapshot' && this.states[i - 1]?.state !== 'snapshot',
    ).length;
  }

  following(): Promise<unknown> {
    return until(() => this.states.at(-1)?.state === 'following', {
      what: 'an open stream',
      saw: () => this.states,
    });
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#done;
  }
}

describe.skipIf(!hasRedisBinary)('a follower of real nodes', () => {
  let redis: RedisServer | RedisTopology;
  let cluster: Cluster;
  let sink: MemorySink;
  let running: Running | undefined;
  let node = 0;
  beforeAll(async () => {
    redis = await startTopology();
    cluster = await Cluster.start({ nodes: 2, redis, env: { TRANSITION_INTERVAL_MS: '0' } });
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  afterAll(() => cluster?.stop());

  const start = async (into: Sink = sink): Promise<Running> => {
    running = new Running(cluster, into, () => node);
    await running.following();
    return running;
  };
  const shownOf = (users: readonly string[]): unknown[] =>
    users.map((user) => {
      const { status, ver, lastSeen } = sink.users.get(user) ?? { status: undefined };
      return { user, status, ver, lastSeen };
    });
  /** The sink and a fresh answer become the same. */
  const agrees = (users: readonly string[], timeoutMs = 10_000): Promise<unknown> =>
    until(
      async () => {
        const { json } = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users }, node });
        const shown = json.users as { user: string; status: string; ver: number; lastSeen?: string }[];
        expect(shownOf(users)).toEqual(
          shown.map(({ user, status, ver, lastSeen }) => ({ user, status, ver, lastSeen })),
        );
        return true;
      },
      { what: 'what an answer says', timeoutMs, everyMs: 100, saw: () => running?.states.slice(-6) },
    );

  it('misses nothing of what happens while it reads a snapshot, is slow, and is stopped', async () => {
    sink = memorySink();
    node = 0;
    const users = Array.from({ length: 20 }, (_, i) => `f-${i}`);
    const early = await Promise.all(
      users.slice(0, 10).map((user, i) => cluster.connect(user, { node: i % 2 })),
    );
    // Each call of the sink waits for this: the snapshot is under way, and then events, while more happens.
    let gate = Promise.resolve();
    let open = (): void => {};
    const hold = (): void => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    };
    let replacing = false;
    const slow: Sink = {
      ...sink,
      load: () => sink.cursor,
      apply: async (events, cursor) => {
        await gate;
        return sink.apply(events, cursor);
      },
      replace: async (page) => {
        replacing = true;
        await gate;
        return sink.replace(page);
      },
    };
    hold();
    running = new Running(cluster, slow, () => node);
    await until(() => replacing, { what: 'the first page of the snapshot' });
    await Promise.all(early.slice(0, 5).map((client) => client.bye()));
    open();
    await running.following();
    await agrees(users.slice(0, 10));

    hold();
    await early[5]?.ask({ type: 'status', status: 'busy', text: 'held back' });
    await Promise.all(users.slice(10, 15).map((user) => cluster.connect(user, { node: 1 })));
    open();
    await agrees(users.slice(0, 15));

    await until(() => sink.cursor, { what: 'a cursor' });
    await running.stop();
    await early[6]?.bye();
    await Promise.all(users.slice(15).map((user) => cluster.connect(user)));
    node = 1;
    const again = await start(slow);
    await agrees(users);
    expect(again.snapshots).toBe(0);
  });

  it('runs as the page of the docs and the README of the package show it', async () => {
    node = 0;
    const codeOf = async (page: string): Promise<string> =>
      /```js\n(.*?)```/s.exec(await readFile(page, 'utf8'))?.[1] ?? '';
    const code = await codeOf('docs/events.md');
    expect(await codeOf('packages/events/README.md')).toBe(code);
    const child = own(
      spawn(process.execPath, ['--input-type=module', '-e', code], {
        env: {
          PATH: process.env.PATH ?? '',
          ROLLCALL_URL: cluster.node().httpUrl,
          ROLLCALL_TOKEN: await cluster.token({ sub: 'mirror', scope: 'read events' }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    const [early, late] = ['before-the-page', 'after-the-page'];
    const before = await cluster.connect(early);
    await until(() => printed.includes(`${early} online`), { what: 'the snapshot', saw: () => printed });
    await cluster.connect(late);
    await before.bye();
    await until(() => printed.includes(`${late} online`) && printed.includes(`${early} offline`), {
      what: 'the events',
      saw: () => printed,
    });
    await end(child, 'SIGKILL');
  });

  it('learns that a user was forgotten', async () => {
    node = 1;
    const ann = await cluster.connect('forgotten', { node: 0 });
    await start();
    await agrees(['forgotten']);
    await ann.bye();
    await agrees(['forgotten']);
    const claims = { sub: 'operator', scope: 'admin' };
    const { status } = await cluster.http('/v1/presence/users/forgotten', { method: 'DELETE', claims });
    expect(status).toBe(204);
    await until(() => sink.users.get('forgotten')?.lastSeen === undefined, {
      what: 'the row of one who was never seen',
    });
    const row = sink.users.get('forgotten');
    expect(row).toEqual({ user: 'forgotten', status: 'offline', ver: row?.ver });
  });

  it('continues on another node when its own is killed', async () => {
    const extra = await cluster.addNode();
    node = cluster.nodes.indexOf(extra);
    const follower = await start();
    const lost = await cluster.connect('on-the-killed', { node });
    await agrees(['on-the-killed']);
    await until(() => sink.cursor, { what: 'a cursor' });
    await extra.kill();
    node = 0;
    await follower.following();
    await until(() => sink.users.get('on-the-killed')?.status === 'offline', {
      what: 'the end of who was on the killed node',
      timeoutMs: bound() + SLACK_MS,
    });
    await agrees(['on-the-killed']);
    lost.terminate();
    expect(follower.snapshots).toBe(0);
  });

  it('reads a snapshot when Redis lost its data, and holds the truth again', async () => {
    node = 0;
    const users = ['stays', 'goes', 'comes'];
    const stays = await cluster.connect('stays', { node: 1 });
    const goes = await cluster.connect('goes', { node: 1 });
    const follower = await start();
    await agrees(users.slice(0, 2));
    for (const master of await mastersOf(redis)) await master.call('FLUSHALL');
    await goes.bye();
    await until(() => follower.snapshots > 0, { what: 'a snapshot', timeoutMs: healBound() + 10_000 });
    await agrees(users.slice(0, 2), bound() + healBound() + SLACK_MS);
    expect([sink.users.get('stays')?.status, sink.users.get('goes')?.status]).toEqual(['online', 'offline']);
    await cluster.connect('comes', { node: 1 });
    await stays.ask({ type: 'status', status: 'busy' });
    await agrees(users);
  });
});
