import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { SLACK_MS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

const SERVICE = { sub: 'calendar', scope: 'write' };
/** "ends are on time": so late may one show. */
const LATE_MS = 1000;

describe('claims of services', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 2,
      env: { IDLE_AWAY_MS: '500', IDLE_OFFLINE_MS: '1500' },
    });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const later = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const claim = async (user: string, source: string, body: object, node = 1): Promise<void> => {
    const path = `/v1/presence/users/${user}/claims/${source}`;
    expect((await cluster.http(path, { claims: SERVICE, method: 'PUT', body, node })).status).toBe(200);
  };
  const session = async (user: string): Promise<void> => {
    const path = '/v1/presence/me/sessions/phone';
    const body = { ttlSeconds: 60, activity: 'active' };
    expect((await cluster.http(path, { claims: { sub: user }, method: 'PUT', body })).status).toBe(200);
  };

  it('fall back to the meeting when a call ends that began before it, and then to what the person does', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const ann = await cluster.connect('ann');
    await watcher.sees('ann', 'online');
    const callEnds = later(1500);
    await claim('ann', 'call', { status: 'busy', priority: 90, text: 'call', until: callEnds });
    const meetingEnds = later(3000);
    await claim('ann', 'calendar', { status: 'busy', text: 'meeting', until: meetingEnds }, 0);
    const shows = (text: string | undefined, timeoutMs: number): Promise<unknown> =>
      watcher.until(() => watcher.last('ann')?.text === text, { timeoutMs, what: String(text) });
    await shows('call', 1000);
    await shows('meeting', 1500 + LATE_MS + SLACK_MS);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(callEnds));
    ann.send({ type: 'activity', state: 'active' });
    await shows(undefined, 3000 + LATE_MS + SLACK_MS);
    const ended = watcher.last('ann');
    expect(Date.parse(ended?.since ?? '') - Date.parse(meetingEnds)).toBeLessThanOrEqual(LATE_MS);
    expect(statuses(watcher, 'ann').slice(0, 3)).toEqual(['online', 'busy', 'busy']);
  });

  it('that say `busy` survive idleness, and nothing else does', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['bob', 'cid'] });
    for (const user of ['bob', 'cid']) {
      const client = await cluster.connect(user);
      await watcher.sees(user, 'online');
      client.send({ type: 'activity', state: 'idle' });
    }
    await claim('bob', 'call', { status: 'busy' });
    await watcher.sees('bob', 'busy');
    await watcher.sees('cid', 'offline', 1500 + LATE_MS + SLACK_MS);
    await holds(() => watcher.last('bob')?.status === 'busy', 1000, 'busy');
    const path = '/v1/presence/users/bob/claims/call';
    expect((await cluster.http(path, { claims: SERVICE, method: 'DELETE' })).status).toBe(204);
    await watcher.sees('bob', 'offline', LATE_MS);
  });

  /** Last: it replaces the nodes. */
  it('end on time although every node was restarted in between', async () => {
    await session('dan');
    const ends = later(9000);
    await claim('dan', 'calendar', { status: 'busy', until: ends });
    await Promise.all(cluster.nodes.splice(0).map((node) => node.kill()));
    await cluster.addNode();
    const watcher = await cluster.connect('watcher');
    const [snapshot] = await watcher.watch({ users: ['dan'] });
    expect(snapshot).toMatchObject({ status: 'busy' });
    expect(Date.now()).toBeLessThan(Date.parse(ends));
    await watcher.until(() => watcher.last('dan')?.status !== 'busy', {
      timeoutMs: 9000 + LATE_MS + SLACK_MS,
      what: 'the end of the claim',
    });
    expect(Date.now() - Date.parse(ends)).toBeLessThan(LATE_MS + SLACK_MS);
    await until(async () => (await cluster.http('/v1/presence/users/dan')).json['until'] === undefined);
  });
});
