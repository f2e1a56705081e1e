import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { holds } from '../support/until.ts';

describe('groups over two nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const member = (user: string, groups: readonly string[], node = 0) =>
    cluster.connect(user, { claims: { groups }, node });

  it('a watch shows all members, who joins by a renewed token, and takes away who leaves', async () => {
    const ann = await member('ann', ['team'], 1);
    const ben = await member('ben', ['team'], 1);
    await ben.bye();
    const eve = await member('eve', ['other'], 1);
    const watcher = await member('watcher', ['team']);
    const snapshot = await watcher.watch({ groups: ['team'] });
    expect(snapshot.map(({ user, status }) => `${user} ${status}`).sort()).toEqual([
      'ann online',
      'ben offline',
      'watcher online',
    ]);

    await ann.ask({ type: 'status', status: 'busy' });
    await watcher.sees('ann', 'busy');
    const joined = await cluster.issuer.token(
      { sub: 'eve', groups: ['other', 'team'] },
      { issuedInSeconds: 1 },
    );
    await eve.ask({ type: 'auth', token: joined });
    await watcher.sees('eve', 'online');

    const left = await cluster.issuer.token({ sub: 'ann', groups: [] }, { issuedInSeconds: 1 });
    await ann.ask({ type: 'auth', token: left });
    await watcher.until(() => watcher.of('gone').some(({ users }) => users?.includes('ann') === true));
    const mark = watcher.mark;
    await ann.ask({ type: 'status', status: 'away' });
    await holds(() => watcher.history('ann', mark).length === 0, 300, 'silence about who left');
  });

  it('only own groups may be watched, and a lost one takes the view away', async () => {
    await member('amy', ['team-2'], 1);
    const watcher = await member('viewer', ['team-2', 'more']);
    expect(await watcher.ask({ type: 'watch', groups: ['team-2', 'foreign'] })).toMatchObject({
      code: 'forbidden',
      groups: ['foreign'],
    });
    await watcher.watch({ groups: ['team-2'] });
    const less = await cluster.issuer.token({ sub: 'viewer', groups: ['more'] }, { issuedInSeconds: 1 });
    await watcher.ask({ type: 'auth', token: less });
    await watcher.until(() => watcher.of('gone').length >= 2);
    expect(watcher.of('gone')[0]).toEqual({ type: 'gone', groups: ['team-2'] });
    expect(watcher.of('gone').flatMap(({ users }) => users ?? [])).toContain('amy');
    expect(await watcher.ask({ type: 'watch', groups: ['team-2'] })).toMatchObject({ code: 'forbidden' });
  });

  it('the newest token of the user decides, also for connections with an older one on another node', async () => {
    const older = await member('two', ['club', 'team-3']);
    await older.watch({ groups: ['club'] });
    await cluster.connect('two', { claims: { groups: ['team-3'] }, issuedInSeconds: 2, node: 1 });
    await older.until(() => older.of('gone').length > 0);
    expect(older.of('gone')[0]).toMatchObject({ groups: ['club'] });
    expect(await older.ask({ type: 'watch', groups: ['club'] })).toMatchObject({ code: 'forbidden' });
  });

  it('nothing of a group shows that an invisible user joined it', async () => {
    const watcher = await member('observer', ['secret']);
    await watcher.watch({ groups: ['secret'] });
    const eve = await member('hidden', ['else'], 1);
    await eve.ask({ type: 'status', status: 'invisible' });
    const mark = watcher.mark;
    const more = await cluster.issuer.token({ sub: 'hidden', groups: ['secret'] }, { issuedInSeconds: 1 });
    await eve.ask({ type: 'auth', token: more });
    await holds(
      () => watcher.frames.length === mark || watcher.of('presence', mark).length === 0,
      500,
      'silence',
    );
    expect((await watcher.watch({ groups: ['secret'] })).map(({ user }) => user)).toEqual(['observer']);
    await eve.ask({ type: 'status', status: null });
    await watcher.sees('hidden', 'online');
  });
});

describe('WATCH_POLICY=groups over two nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { WATCH_POLICY: 'groups' } });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('hides who shares no group, at first and from when they do not any more', async () => {
    const ann = await cluster.connect('ann', { claims: { groups: ['a'] }, node: 1 });
    await cluster.connect('eve', { claims: { groups: ['b'] }, node: 1 });
    const watcher = await cluster.connect('watcher', { claims: { groups: ['a'] } });
    expect(await watcher.ask({ type: 'watch', users: ['ann', 'eve'] })).toMatchObject({
      code: 'forbidden',
      users: ['eve'],
    });
    expect(await watcher.ask({ type: 'watch', users: ['unknown'] })).toMatchObject({
      code: 'forbidden',
      users: ['unknown'],
    });
    await watcher.watch({ users: ['ann', 'watcher'] });
    const left = await cluster.issuer.token({ sub: 'ann', groups: ['b'] }, { issuedInSeconds: 1 });
    await ann.ask({ type: 'auth', token: left });
    await watcher.until(() => watcher.of('gone').some(({ users }) => users?.includes('ann') === true));
    expect(await watcher.ask({ type: 'watch', users: ['ann'] })).toMatchObject({ code: 'forbidden' });
  });

  it('does not bind who may watch the tenant', async () => {
    await cluster.connect('eve', { claims: { groups: ['b'] }, node: 1 });
    const watcher = await cluster.connect('all', { claims: { scope: 'connect watch:tenant' } });
    expect(await watcher.watch({ users: ['eve'] })).toMatchObject([{ user: 'eve', status: 'online' }]);
  });

  it('lets typing reach only who shares a group', async () => {
    const ann = await cluster.connect('abe', { claims: { groups: ['a'] }, node: 1 });
    const ben = await cluster.connect('ben', { claims: { groups: ['a'] } });
    const eve = await cluster.connect('eda', { claims: { groups: ['b'] } });
    ann.send({ type: 'typing', to: { user: 'eda' }, on: true });
    ann.send({ type: 'typing', to: { user: 'ben' }, on: true });
    await ben.until(() => ben.first('typing'));
    await holds(() => eve.of('typing').length === 0, 300, 'silence for who shares no group');
  });
});
