import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

const ME = '/v1/presence/me';
const OWN = '/v1/presence/me/status';

describe("the person's own status", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('over the socket: set, replaced, cleared; others see text, emoji and end', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const ann = await cluster.connect('ann', { node: 1 });
    await watcher.sees('ann', 'online');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(
      await ann.ask({ type: 'status', status: 'busy', text: 'in a meeting', emoji: '📅', until }),
    ).toMatchObject({ type: 'ack' });
    expect(await watcher.sees('ann', 'busy')).toMatchObject({ text: 'in a meeting', emoji: '📅', until });
    await ann.ask({ type: 'status', status: 'away' });
    const away = await watcher.sees('ann', 'away');
    expect(away.text).toBeUndefined();
    expect(away.until).toBeUndefined();
    await ann.ask({ type: 'status', status: null });
    await watcher.sees('ann', 'online');
    expect(statuses(watcher, 'ann')).toEqual(['online', 'busy', 'away', 'online']);
  });

  it('the same status with another text is a transition, the same again is none', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['art'] });
    const art = await cluster.connect('art', { node: 1 });
    await art.ask({ type: 'status', status: 'busy', text: 'one' });
    await watcher.until(() => watcher.last('art')?.text === 'one');
    const { since, ver } = watcher.last('art') ?? {};
    await art.ask({ type: 'status', status: 'busy', text: 'two' });
    await watcher.until(() => watcher.last('art')?.text === 'two');
    expect(watcher.last('art')?.since).toBe(since);
    expect(watcher.last('art')?.ver).toBeGreaterThan(ver ?? 0);
    const mark = watcher.mark;
    await art.ask({ type: 'status', status: 'busy', text: 'two' });
    await holds(() => watcher.mark === mark, 400, 'no transition');
  });

  it('ends by itself at `until`', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['tim'] });
    const tim = await cluster.connect('tim', { node: 1 });
    const until = new Date(Date.now() + 1_000).toISOString();
    await tim.ask({ type: 'status', status: 'busy', until });
    await watcher.sees('tim', 'busy');
    await watcher.sees('tim', 'online', 1_000 + 2 * TIMINGS.reapIntervalMs + SLACK_MS);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(until) - 50);
  });

  it('is kept while the person is away, and is there again on coming back', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['kim'] });
    const first = await cluster.connect('kim');
    await first.ask({ type: 'status', status: 'busy', text: 'deep work' });
    await watcher.sees('kim', 'busy');
    await first.bye();
    const offline = await watcher.sees('kim', 'offline');
    expect(offline.text).toBeUndefined();
    await cluster.connect('kim', { node: 1 });
    expect(await watcher.sees('kim', 'busy')).toMatchObject({ text: 'deep work' });
  });

  it('over HTTP: with and without a socket', async () => {
    const claims = { sub: 'hal' };
    const watcher = await cluster.connect('watcher', { node: 1 });
    await watcher.watch({ users: ['hal'] });
    const put = await cluster.http(OWN, { method: 'PUT', body: { status: 'busy', text: 'later' }, claims });
    expect(put.status).toBe(200);
    const me = await cluster.http(ME, { claims, node: 1 });
    expect(me.json).toMatchObject({
      user: 'hal',
      status: 'offline',
      claim: { status: 'busy', text: 'later' },
    });
    const hal = await cluster.connect('hal');
    expect(await watcher.sees('hal', 'busy')).toMatchObject({ text: 'later' });
    // Set at another node than the socket's: the newer one counts, also in what the socket's node says next.
    await cluster.http(OWN, { method: 'PUT', body: { status: 'away' }, claims, node: 1 });
    await watcher.sees('hal', 'away');
    hal.send({ type: 'activity', state: 'idle' });
    hal.send({ type: 'activity', state: 'active' });
    await holds(() => watcher.last('hal')?.status === 'away', 500, 'the status set over HTTP');
    expect((await cluster.http(OWN, { method: 'DELETE', claims })).status).toBe(204);
    await watcher.sees('hal', 'online');
    expect((await cluster.http(ME, { claims })).json.claim).toBeUndefined();
  });

  it('survives its node: set over HTTP, it is what the other node tells after a crash of neither', async () => {
    const claims = { sub: 'ivy' };
    const ivy = await cluster.connect('ivy', { node: 1 });
    await cluster.http(OWN, { method: 'PUT', body: { status: 'busy' }, claims, node: 0 });
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ivy'] });
    await watcher.sees('ivy', 'busy');
    await ivy.ask({ type: 'status', status: null });
    await watcher.sees('ivy', 'online');
  });
});

describe('invisible cannot be told from offline', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('on every surface, while the person knows the truth', async () => {
    const watcher = await cluster.watcher('watcher', { node: 1 });
    await watcher.watch({ users: ['ghost', 'plain'] });
    const ghost = await cluster.connect('ghost');
    const plain = await cluster.connect('plain');
    await watcher.sees('ghost', 'online');
    await watcher.sees('plain', 'online');
    await ghost.ask({ type: 'status', status: 'invisible' });
    await plain.bye();
    const hidden = await watcher.sees('ghost', 'offline', 1_000);
    const left = await watcher.sees('plain', 'offline');
    expect(Object.keys(hidden).sort()).toEqual(Object.keys(left).sort());

    // Coming, going, a second tab, being idle: none of it shows.
    const mark = watcher.mark;
    const second = await cluster.connect('ghost', { node: 1 });
    expect(second.first('welcome')?.self).toEqual({
      status: 'offline',
      invisible: true,
      claim: { status: 'invisible' },
    });
    second.send({ type: 'activity', state: 'idle' });
    second.send({ type: 'activity', state: 'active' });
    ghost.terminate();
    await ghost.end();
    await holds(() => watcher.mark === mark, TIMINGS.offlineGraceMs + 800, 'silence');

    const read = await cluster.http('/v1/presence/users/ghost');
    expect(read.json).toEqual(watcher.last('ghost'));
    expect((await cluster.http('/v1/presence/count')).json).toEqual({ online: 1, away: 0, busy: 0 });
    const page = (await cluster.http('/v1/presence/online')).json.users as { user: string }[];
    expect(page.map((p) => p.user)).toEqual(['watcher']);
    const fresh = await cluster.watcher('watcher');
    expect((await fresh.watch({ tenant: true })).map((p) => p.user)).toEqual(['watcher']);
    expect((await fresh.watch({ users: ['ghost'] }))[0]).toEqual(watcher.last('ghost'));
    expect((await cluster.http(ME, { claims: { sub: 'ghost' } })).json).toMatchObject({
      status: 'offline',
      invisible: true,
      claim: { status: 'invisible' },
    });

    await second.ask({ type: 'status', status: null });
    const back = await watcher.sees('ghost', 'online');
    expect(back.ver).toBeGreaterThan(hidden.ver);
    expect(statuses(watcher, 'ghost')).toEqual(['online', 'offline', 'online']);
  });

  it('leaving while invisible changes nothing, not even lastSeen', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['shade'] });
    const shade = await cluster.connect('shade', { node: 1 });
    await watcher.sees('shade', 'online');
    await shade.ask({ type: 'status', status: 'invisible' });
    const hidden = await watcher.sees('shade', 'offline');
    const mark = watcher.mark;
    await shade.bye();
    await holds(() => watcher.mark === mark, 600, 'silence');
    await until(
      async () => (await cluster.http('/v1/presence/users/shade')).json.lastSeen === hidden.lastSeen,
    );
    const again = await cluster.connect('shade', { node: 0 });
    expect(again.first('welcome')?.self).toMatchObject({ status: 'offline', invisible: true });
    await holds(() => watcher.mark === mark, 600, 'silence');
    expect((await cluster.http('/v1/presence/users/shade')).json).toEqual(hidden);
  });
});
