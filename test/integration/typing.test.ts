import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { holds } from '../support/until.ts';

describe('typing over two nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  /** A person who types on both nodes, to `ben` and to a group, and ben on both nodes, who watches and hears of both. */
  const typingOnBothNodes = async (mia: string): Promise<{ here: Client; bens: Client[] }> => {
    const claims = { groups: ['room'] };
    const connect = (user: string, node: number): Promise<Client> => cluster.connect(user, { claims, node });
    const [here, there] = [await connect(mia, 0), await connect(mia, 1)];
    const bens = [await connect('ben', 0), await connect('ben', 1)];
    for (const ben of bens) {
      await ben.watch({ users: [mia] });
      await ben.sees(mia, 'online');
    }
    here.send({ type: 'typing', to: { user: 'ben' }, on: true });
    there.send({ type: 'typing', to: { group: 'room' }, on: true });
    for (const ben of bens) await ben.until(() => ben.of('typing').length === 2);
    return { here, bens };
  };

  it('reaches every connection of a user, on every node, and is stored nowhere', async () => {
    const ann = await cluster.connect('ann');
    const here = await cluster.connect('ben');
    const there = await cluster.connect('ben', { node: 1 });
    ann.send({ type: 'typing', to: { user: 'ben' }, on: true });
    for (const client of [here, there]) await client.until(() => client.first('typing'));
    expect(there.of('typing')).toEqual([{ type: 'typing', from: 'ann', on: true }]);
    const later = await cluster.connect('ben', { node: 1 });
    ann.send({ type: 'typing', to: { user: 'ben' }, on: false });
    await there.until(() => there.of('typing').length === 2);
    expect(there.of('typing')[1]).toEqual({ type: 'typing', from: 'ann', on: false });
    expect(later.of('typing').filter(({ on }) => on)).toEqual([]);
  });

  it('reaches the other members of a group, and dies after six seconds', async () => {
    const claims = { groups: ['room'] };
    const ann = await cluster.connect('ann', { claims });
    const ben = await cluster.connect('ben', { claims, node: 1 });
    const eve = await cluster.connect('eve', { node: 1 });
    ann.send({ type: 'typing', to: { group: 'room' }, on: true });
    await ben.until(() => ben.first('typing'));
    const began = performance.now();
    await ben.until(() => ben.of('typing').length === 2, { timeoutMs: 15_000 });
    expect(ben.of('typing')[1]).toEqual({ type: 'typing', from: 'ann', group: 'room', on: false });
    expect(performance.now() - began).toBeGreaterThan(5_500);
    expect(eve.of('typing')).toEqual([]);
  });

  it('stops when the person goes offline', async () => {
    const ann = await cluster.connect('ann');
    const ben = await cluster.connect('ben', { node: 1 });
    ann.send({ type: 'typing', to: { user: 'ben' }, on: true });
    await ben.until(() => ben.first('typing'));
    await ann.bye();
    await ben.until(() => ben.of('typing').length === 2, { timeoutMs: 3_000 });
    expect(ben.of('typing')[1]).toMatchObject({ on: false });
  });

  // Told the other way round, it would tell who hides from who says goodbye.
  it.each(['frame', 'call'])('ends on every node before its person is seen to hide by a %s', async (way) => {
    const mia = `mia-${way}`;
    const { here, bens } = await typingOnBothNodes(mia);
    const body = { status: 'invisible' } as const;
    if (way === 'frame') await here.ask({ type: 'status', ...body });
    else await cluster.http('/v1/presence/me/status', { claims: { sub: mia }, method: 'PUT', body });
    for (const ben of bens) {
      await ben.sees(mia, 'offline');
      await ben.until(() => ben.of('typing').length === 4);
      const said = ben.frames.flatMap((frame) => {
        if (frame.type === 'typing') return [frame.on ? 'types' : 'ends'];
        return frame.type === 'presence' && frame.snapshot !== true ? frame.users.map((of) => of.status) : [];
      });
      expect(said).toEqual(['types', 'types', 'ends', 'ends', 'offline']);
    }
  });

  it.each<[string, (user: string) => [path: string, method: 'POST' | 'DELETE', body?: object]]>([
    ['log out', (user) => [`/v1/users/${user}/logout`, 'POST']],
    ['are disconnected', (user) => [`/v1/users/${user}/disconnect`, 'POST']],
    ['have their tokens revoked', (user) => [`/v1/users/${user}/revoke`, 'POST']],
    [
      'have older tokens revoked',
      (user) => [`/v1/users/${user}/revoke`, 'POST', { before: new Date(Date.now() + 4_000).toISOString() }],
    ],
    ['are forgotten', (user) => [`/v1/presence/users/${user}`, 'DELETE']],
  ])('ends before the typist is seen to go when they %s', async (name, call) => {
    const mia = `mia ${name}`.replaceAll(' ', '-');
    const { bens } = await typingOnBothNodes(mia);
    const [path, method, body] = call(mia);
    await cluster.http(path, {
      claims: { sub: 'operator', scope: 'admin write' },
      method,
      ...(body && { body }),
    });
    for (const ben of bens) {
      await ben.until(() => ben.of('typing').length === 4);
      await ben.until(() => ben.of('gone').length > 0 || ben.last(mia)?.status === 'offline');
      const said = ben.frames.flatMap((frame) => {
        if (frame.type === 'typing') return [frame.on ? 'types' : 'ends'];
        if (frame.type === 'gone') return ['gone'];
        return frame.type === 'presence' && frame.snapshot !== true ? frame.users.map((of) => of.status) : [];
      });
      expect(said.slice(0, 4)).toEqual(['types', 'types', 'ends', 'ends']);
      expect(['offline', 'gone']).toContain(said[4]);
    }
  });

  it('of an invisible user reaches no other, also when they hid on another node', async () => {
    const here = await cluster.connect('ann');
    const there = await cluster.connect('ann', { node: 1 });
    const ben = await cluster.connect('ben', { node: 1 });
    await ben.watch({ users: ['ann'] });
    await here.ask({ type: 'status', status: 'invisible' });
    await ben.sees('ann', 'offline');
    here.send({ type: 'typing', to: { user: 'ben' }, on: true });
    there.send({ type: 'typing', to: { user: 'ben' }, on: true });
    await holds(() => ben.of('typing').length === 0, 400, 'silence of who hides');
  });
});
