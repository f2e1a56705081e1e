import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../support/client.ts';
import { principal, view } from './fakes.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.stop());

/** Whatever was said to a client before is there once it has its pong. */
const heard = async (client: Client) => {
  await client.ask({ type: 'ping' });
  return client.of('typing');
};

const member = (user: string, groups: string[] = []) => principal(user, { groups });

describe('typing', () => {
  it('goes to the connections of the user meant, and to nobody else', async () => {
    const anna = await rig.enter('anna');
    const bob = await rig.enter('bob');
    const bobToo = await rig.enter(principal('bob', { scopes: ['watch'] }));
    const eve = await rig.enter('eve');
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    for (const client of [bob, bobToo]) {
      await client.until(() => client.first('typing'));
      expect(await heard(client)).toEqual([{ type: 'typing', from: 'anna', on: true }]);
    }
    expect(await heard(eve)).toEqual([]);
    expect(await heard(anna)).toEqual([]);
  });

  it('goes to the other members of a group', async () => {
    const anna = await rig.enter(member('anna', ['g']));
    const annaToo = await rig.enter(member('anna', ['g']));
    const bob = await rig.enter(member('bob', ['g', 'h']));
    const eve = await rig.enter(member('eve', ['h']));
    anna.send({ type: 'typing', to: { group: 'g' }, on: true });
    await bob.until(() => bob.first('typing'));
    expect(await heard(bob)).toEqual([{ type: 'typing', from: 'anna', group: 'g', on: true }]);
    for (const client of [anna, annaToo, eve]) expect(await heard(client)).toEqual([]);
  });

  it('follows a renewed token into and out of groups', async () => {
    const anna = await rig.enter(member('anna', ['g']));
    const bob = await rig.enter(member('bob'));
    await bob.ask({ type: 'auth', token: rig.auth.issue(member('bob', ['g'])) });
    anna.send({ type: 'typing', to: { group: 'g' }, on: true });
    await bob.until(() => bob.first('typing'));
    await bob.ask({ type: 'auth', token: rig.auth.issue(member('bob', [])) });
    anna.send({ type: 'typing', to: { group: 'g' }, on: false });
    expect((await heard(bob)).length).toBe(1);
  });

  it('needs the scopes connect and watch, and a group of one’s own', async () => {
    const frame = { type: 'typing', to: { user: 'bob' }, on: true, ref: 'r' } as const;
    for (const scopes of [['connect'], ['watch']] as const) {
      const client = await rig.enter(principal('anna', { scopes: [...scopes] }));
      expect(await client.ask(frame)).toMatchObject({ code: 'forbidden' });
    }
    const client = await rig.enter(member('anna', ['h']));
    expect(await client.ask({ ...frame, to: { group: 'g' } })).toMatchObject({ code: 'forbidden' });
    expect(rig.feed.signals).toEqual([]);
  });

  it('is activity', async () => {
    const anna = await rig.enter('anna');
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await heard(anna);
    expect(rig.membership.touches).toMatchObject([{ idle: false }]);
  });

  it('of who hides is told to nobody, and to them it looks as ever', async () => {
    const anna = await rig.enter('anna');
    rig.membership.hidden.add('anna');
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await heard(anna);
    expect(anna.of('error')).toEqual([]);
    expect(rig.feed.signals).toEqual([]);
  });

  it('is one publish, and none when nothing is new', async () => {
    const anna = await rig.enter('anna');
    for (let n = 0; n < 5; n += 1) anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    anna.send({ type: 'typing', to: { user: 'bob' }, on: false });
    anna.send({ type: 'typing', to: { user: 'bob' }, on: false });
    await heard(anna);
    expect(rig.feed.signals).toMatchObject([{ on: true }, { on: false }]);
  });

  it('in very many places at once is limited', async () => {
    const anna = await rig.enter('anna');
    for (let n = 0; n < 30; n += 1)
      anna.send({ type: 'typing', to: { user: `u${n}` }, on: true, ref: `r${n}` });
    await heard(anna);
    expect(rig.feed.signals.length).toBeLessThan(25);
    expect(anna.of('error')[0]).toMatchObject({ code: 'rate_limited' });
  });

  it('ends when the typing person goes offline, or their connection closes', async () => {
    const bob = await rig.enter('bob');
    const anna = await rig.enter('anna');
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await bob.until(() => bob.of('typing').length === 1);
    rig.feed.transition({
      ...view('anna', 'offline'),
      tenant: 'acme',
      previous: 'online',
      reason: 'goodbye',
    });
    await bob.until(() => bob.of('typing').length === 2);
    rig.feed.transition({
      ...view('anna', 'online'),
      tenant: 'acme',
      previous: 'offline',
      reason: 'connect',
    });
    const again = await rig.enter('anna');
    again.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await bob.until(() => bob.of('typing').length === 3);
    await again.bye();
    await bob.until(() => bob.of('typing').length === 4);
    expect(bob.of('typing').map(({ on }) => on)).toEqual([true, false, true, false]);
  });

  it('on any connection ends before the claim is made by which its person hides', async () => {
    const bob = await rig.enter(member('bob', ['g']));
    const [anna, annaToo] = [await rig.enter(member('anna', ['g'])), await rig.enter('anna')];
    anna.send({ type: 'typing', to: { group: 'g' }, on: true });
    annaToo.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await bob.until(() => bob.of('typing').length === 2);
    const ended = () => rig.feed.signals.filter(({ type }) => type === 'silence').length;
    const before: number[] = [];
    rig.membership.onClaim = () => before.push(ended());
    await anna.ask({ type: 'status', status: 'busy' });
    await anna.ask({ type: 'status', status: 'invisible' });
    expect(before).toEqual([0, 1]);
    expect((await heard(bob)).slice(2)).toEqual([
      { type: 'typing', from: 'anna', group: 'g', on: false },
      { type: 'typing', from: 'anna', on: false },
    ]);
  });

  it('of a connection that ends while its person’s word is not stored yet ends all the same', async () => {
    const bob = await rig.enter('bob');
    const anna = await rig.enter('anna');
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    await bob.until(() => bob.of('typing').length === 1);
    rig.membership.hidden.add('anna');
    await anna.bye();
    await bob.until(() => bob.of('typing').length === 2);
    expect(bob.of('typing')[1]).toMatchObject({ on: false });
  });

  it('under the policy of groups reaches only who shares one', async () => {
    await rig.stop();
    rig = await Rig.start({ settings: { watchPolicy: 'groups' } });
    const anna = await rig.enter(member('anna', ['g']));
    const bob = await rig.enter(member('bob', ['g']));
    const eve = await rig.enter(member('eve', ['h']));
    anna.send({ type: 'typing', to: { user: 'bob' }, on: true });
    anna.send({ type: 'typing', to: { user: 'eve' }, on: true });
    await bob.until(() => bob.first('typing'));
    await heard(anna);
    expect(await heard(eve)).toEqual([]);
  });
});
