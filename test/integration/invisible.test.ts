import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { holds } from '../support/until.ts';

const QUIET_MS = 1_200;
/** What a node, Redis and a busy machine may add between the moments that two people leave at once. */
const APART_MS = 700;

describe('invisible over two nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const hide = (client: Client) => client.ask({ type: 'status', status: 'invisible' });

  it('what somebody hidden may watch goes by their newest token, though others do not see it yet', async () => {
    const first = await cluster.connect('ann', { claims: { groups: ['old'] }, issuedInSeconds: -60 });
    expect(await hide(first)).toMatchObject({ type: 'ack' });
    await first.bye();
    const claims = { groups: ['new'] };
    for (const node of [0, 1]) {
      const ann = await cluster.connect('ann', { claims, issuedInSeconds: -10, node });
      expect(await ann.ask({ type: 'watch', groups: ['new'] })).toMatchObject({ type: 'presence' });
      expect(await ann.ask({ type: 'watch', groups: ['old'] })).toMatchObject({ code: 'forbidden' });
    }
    const peer = await cluster.connect('peer', { claims });
    expect((await peer.watch({ groups: ['new'] })).map(({ user }) => user)).toEqual(['peer']);
  });

  it('`since` and `lastSeen` are as far apart as those of who says goodbye', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['hides', 'leaves'] });
    const hides = await cluster.connect('hides', { node: 1 });
    const leaves = await cluster.connect('leaves', { node: 1 });
    for (const user of ['hides', 'leaves']) await watcher.sees(user, 'online');
    await holds(() => true, QUIET_MS);
    await hide(hides);
    await leaves.bye();
    const quiet = async (user: string): Promise<number> => {
      const { since = '', lastSeen = '' } = await watcher.sees(user, 'offline');
      return Date.parse(since) - Date.parse(lastSeen);
    };
    const [hidden, gone] = [await quiet('hides'), await quiet('leaves')];
    expect(hidden).toBeGreaterThanOrEqual(QUIET_MS - 100);
    expect(Math.abs(hidden - gone)).toBeLessThan(APART_MS);
  });
});
