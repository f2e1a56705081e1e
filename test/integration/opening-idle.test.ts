import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { TIMINGS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

const FAST_MS = 1_000;
const IDLE = '/v1/ws?activity=idle';

/** A machine that reconnects by itself at night is nobody: it says so as it opens. */
describe('opening idle', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const watch = async (user: string): Promise<Client> => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: [user] });
    return watcher;
  };

  it('after the grace makes the person `away`, and leaves `lastSeen` where it was', async () => {
    const watcher = await watch('ann');
    const evening = await cluster.connect('ann', { node: 1 });
    await watcher.sees('ann', 'online');
    evening.close();
    const { lastSeen } = await watcher.sees('ann', 'offline');
    const mark = watcher.mark;
    await cluster.connect('ann', { path: IDLE });
    await watcher.until(() => watcher.history('ann', mark).length > 0);
    expect(watcher.history('ann', mark)).toMatchObject([{ status: 'away', lastSeen }]);
  });

  it('after the grace by the first frame does the same', async () => {
    const watcher = await watch('bob');
    const evening = await cluster.connect('bob', { node: 1 });
    await watcher.sees('bob', 'online');
    await evening.bye();
    const { lastSeen } = await watcher.sees('bob', 'offline');
    const mark = watcher.mark;
    const night = cluster.track(new Client(cluster.node(0).wsUrl, { signIn: 'none' }));
    await night.until(() => night.opened);
    night.send({ type: 'auth', token: await cluster.token('bob'), activity: 'idle' });
    await watcher.until(() => watcher.history('bob', mark).length > 0);
    expect(watcher.history('bob', mark)).toMatchObject([{ status: 'away', lastSeen }]);
  });

  it('within a grace changes nothing; opening active then is activity', async () => {
    const watcher = await watch('cleo');
    const laptop = await cluster.connect('cleo', { node: 1 });
    await watcher.sees('cleo', 'online');
    laptop.close();
    await laptop.end();
    const night = await cluster.connect('cleo', { path: IDLE });
    const isSilent = (): boolean => statuses(watcher, 'cleo').join() === 'online';
    await holds(isSilent, 2 * TIMINGS.offlineGraceMs, 'silence');
    night.send({ type: 'activity', state: 'idle' });
    await watcher.sees('cleo', 'away');
    night.close();
    await night.end();
    await cluster.connect('cleo', { path: '/v1/ws?activity=active', node: 1 });
    await holds(() => true, FAST_MS);
    expect(statuses(watcher, 'cleo')).toEqual(['online', 'away', 'online']);
  });

  it('in any other word is refused before the upgrade', async () => {
    const token = await cluster.token('dan');
    const client = new Client(cluster.node(0).wsUrl, { token, path: '/v1/ws?activity=asleep' });
    await cluster.track(client).until(() => client.over || client.first('welcome'));
    expect(client.refused?.status).toBe(400);
  });
});
