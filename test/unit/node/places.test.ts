import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApplyReply, PlaceAnswer, PlaceReport } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok } from './fakes.ts';
import { COMMAND_MS, freezeTime, GRACE_MS, pass, Rig, TTL_MS, turn } from './rig.ts';

const DOC = 'doc:7';
const answer = (over: Partial<PlaceAnswer> = {}): ApplyReply =>
  ok({ places: new Map([[0, [{ place: DOC, since: 5, ver: 5000, ...over }]]]) });

describe('the places of a user on a node', () => {
  let rig: Rig;
  let tab: FakeMember;
  beforeEach(async () => {
    freezeTime();
    rig = new Rig();
    tab = await joined();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });

  const joined = async (): Promise<FakeMember> => {
    const member = new FakeMember('ann', { iat: 7 });
    await Promise.all([rig.roster.join(member), pass(1)]);
    return member;
  };
  const outcomeOf = (promise: Promise<void>): { is: string } => {
    const seen = { is: 'waiting' };
    promise.then(
      () => {
        seen.is = 'stored';
      },
      ({ code }: { code: string }) => {
        seen.is = code;
      },
    );
    return seen;
  };
  const enters = (member: FakeMember, data?: object, place = DOC): { is: string } =>
    outcomeOf(rig.roster.places.enter(member, place, data && JSON.stringify(data), 16));
  const told = (place = DOC): PlaceReport | undefined =>
    rig.store.newest('ann')?.places?.find((one) => one.place === place);
  /** Data in each report that carried any. */
  const dataTold = (): unknown[] =>
    rig.store.applied.flatMap(({ batch }) =>
      batch.entries.flatMap(({ places = [] }) =>
        places.flatMap(({ data }) => (data ? [JSON.parse(data)] : [])),
      ),
    );

  it('costs nothing before anybody enters', () => {
    expect(rig.store.newest('ann')).not.toHaveProperty('places');
  });

  it('is reported, and acknowledged once it is stored', async () => {
    const reply = gate<ApplyReply>();
    rig.store.onApply = () => reply.promise;
    const seen = enters(tab, { a: 1 });
    await turn();
    expect(told()).toMatchObject({ place: DOC, enteredAgo: 0, data: '{"a":1}', issued: 7 });
    expect([seen.is, rig.roster.places.of(tab)]).toEqual(['waiting', [DOC]]);
    reply.resolve(answer());
    await turn();
    expect([seen.is, rig.roster.places.shows(tab.ref, DOC)]).toEqual(['stored', true]);
    await pass(1);
    rig.roster.renewed(tab);
    await turn();
    expect(told()?.known).toEqual({ since: 5, ver: 5000 });
  });

  it('is unavailable when it is not stored in time, and reported all the same', async () => {
    rig.store.onApply = async () => Promise.reject(new Error('away'));
    const seen = enters(tab);
    await pass(COMMAND_MS + 50, 50);
    expect(seen.is).toBe('unavailable');
    rig.store.onApply = async () => ok();
    await pass(1100, 50);
    expect(told()?.enteredAgo).toBeGreaterThan(COMMAND_MS);
  });

  it('stays through the loss of a connection, with its data, until somebody enters', async () => {
    enters(tab, { a: 1 });
    await pass(10);
    const other = await joined();
    rig.roster.leave(tab, 'lost');
    await turn();
    expect(told()).toMatchObject({ enteredAgo: -1, closedAgo: 0, graceMs: GRACE_MS, closedData: '{"a":1}' });
    await pass(300);
    enters(other, { a: 1 });
    await turn();
    expect(told()).toMatchObject({ enteredAgo: 0, data: '{"a":1}' });
    expect(told()).not.toHaveProperty('closedAgo');
  });

  it('keeps the newest data of several that were lost, and none of one that said goodbye', async () => {
    const [second, third] = [await joined(), await joined()];
    enters(tab, { n: 1 });
    enters(second, { n: 2 });
    enters(third);
    await turn();
    expect(told()).toMatchObject({ data: '{"n":2}' });
    rig.roster.leave(second, 'lost');
    await turn();
    rig.roster.leave(tab, 'lost');
    await turn();
    expect(told()).toMatchObject({ enteredAgo: 0, closedData: '{"n":2}' });
    expect(told()).not.toHaveProperty('data');
    rig.roster.leave(third, 'goodbye');
    await turn();
    expect(told()).toMatchObject({ enteredAgo: -1, closedData: '{"n":2}' });
  });

  it('shows the data of the tab that lives when the one that said more leaves', async () => {
    const other = await joined();
    enters(tab, { title: 1 });
    enters(other, { editing: true });
    await turn();
    expect(told()?.data).toBe('{"editing":true}');
    rig.roster.leave(other, 'goodbye');
    await turn();
    expect(told()).toMatchObject({ data: '{"title":1}' });
    expect(told()).not.toHaveProperty('closedAgo');
  });

  it('is left by word, reported until it is stored, and then forgotten', async () => {
    enters(tab);
    await turn();
    const reply = gate<ApplyReply>();
    rig.store.onApply = () => reply.promise;
    const seen = outcomeOf(rig.roster.places.exit(tab, DOC));
    await turn();
    expect(told()).toMatchObject({ enteredAgo: -1, leftAgo: 0 });
    reply.resolve(ok());
    await turn();
    expect(seen.is).toBe('stored');
    rig.roster.renewed(tab);
    await turn();
    expect(rig.store.newest('ann')).not.toHaveProperty('places');
  });

  it('is sent again after a loss as long as a grace may count, and not after', async () => {
    enters(tab);
    await turn();
    const other = await joined();
    rig.roster.leave(tab, 'lost');
    await pass(GRACE_MS, 100);
    rig.roster.reassert(0);
    await turn();
    expect(told()).toMatchObject({ closedAgo: expect.any(Number) as number });
    await pass(TTL_MS + 200, 100);
    rig.beat();
    rig.roster.tend();
    rig.roster.renewed(other);
    await turn();
    expect(rig.store.newest('ann')).not.toHaveProperty('places');
  });

  it('reports five changes of data a second after ten, and the newest in the end', async () => {
    for (let n = 0; n < 60; n += 1) {
      enters(tab, { n });
      await pass(50);
    }
    // Three seconds: ten at once and five a second.
    const during = new Set(dataTold().map((data) => JSON.stringify(data))).size;
    expect(during).toBeGreaterThanOrEqual(22);
    expect(during).toBeLessThanOrEqual(26);
    await pass(300);
    expect(told()?.data).toBe('{"n":59}');
  });

  it('counts a person over all places, and forgets no word', async () => {
    const places = Array.from({ length: 16 }, (_, n) => `p${n}`);
    for (let n = 0; n < 20; n += 1) {
      for (const place of places) enters(tab, { n }, place);
      await pass(50);
    }
    const changes = new Set(
      rig.store.applied.flatMap(({ batch }) =>
        batch.entries.flatMap((entry) => (entry.places ?? []).map(({ place, data }) => `${place} ${data}`)),
      ),
    );
    expect(changes.size).toBeLessThanOrEqual(16 + 20 + 20 + 2);
    await pass(3000, 50);
    expect(places.map((place) => told(place)?.data)).toEqual(places.map(() => '{"n":19}'));
  });

  it('acknowledges data that waited once it, or a newer one, is stored', async () => {
    const seen = Array.from({ length: 14 }, (_, n) => enters(tab, { n }));
    await turn();
    expect(seen.at(-1)?.is).toBe('waiting');
    await pass(300);
    expect(new Set(seen.map(({ is }) => is))).toEqual(new Set(['stored']));
  });

  it('takes no more places than a connection, or a person, may have', async () => {
    for (let n = 0; n < 16; n += 1) enters(tab, undefined, `p${n}`);
    const seen = enters(tab, undefined, 'p16');
    await turn();
    expect(seen.is).toBe('too_many_places');
    expect(enters(tab, { again: 1 }, 'p3').is).toBe('waiting');
    for (let m = 1; m < 4; m += 1) {
      const more = await joined();
      for (let n = 0; n < 16; n += 1) enters(more, undefined, `q${m}-${n}`);
    }
    const last = await joined();
    const beyond = enters(last, undefined, 'r');
    const shared = enters(last, undefined, 'p0');
    await turn();
    expect([beyond.is, shared.is]).toEqual(['too_many_places', 'stored']);
  });

  it('takes back what the store did not take', async () => {
    enters(tab, { small: 1 });
    await turn();
    const other = await joined();
    rig.store.onApply = async () => answer({ refused: 'too_many' });
    const [more, second] = [enters(tab, { large: 1 }), enters(other)];
    await turn();
    expect([more.is, second.is]).toEqual(['too_many_places', 'too_many_places']);
    expect([rig.roster.places.of(tab), rig.roster.places.of(other)]).toEqual([[DOC], []]);
    rig.store.onApply = async () => ok();
    rig.roster.renewed(tab);
    await turn();
    expect(told()?.data).toBe('{"small":1}');
    expect([tab.outOf, other.outOf]).toEqual([[], []]);
  });

  it('stamps again, once, data that came last and lost to a stamp of another node', async () => {
    const other = { since: 5, ver: 5000, data: '{"of":"another node"}' };
    rig.store.onApply = async () => answer(other);
    enters(tab, { mine: 1 });
    await turn();
    const [first, second] = rig.store.applied.slice(-2).map(({ batch }) => batch.entries[0]?.places?.[0]);
    expect([first?.data, second?.data]).toEqual(['{"mine":1}', '{"mine":1}']);
    expect(second?.stamp).toBeGreaterThan(first?.stamp ?? 0);
    const batches = rig.store.applied.length;
    await pass(100);
    expect(rig.store.applied).toHaveLength(batches);
  });

  it('puts out whom the store put out, and says so to who did not ask', async () => {
    enters(tab);
    await turn();
    const other = await joined();
    rig.store.onApply = async () => answer({ since: 0, ver: 0, refused: 'put_out' });
    const seen = enters(other);
    await turn();
    expect([seen.is, tab.outOf, other.outOf]).toEqual(['put_out', [DOC], []]);
    expect(rig.roster.places.of(tab)).toEqual([]);
  });

  it('puts out by command who entered before it', async () => {
    enters(tab);
    await turn();
    const at = (performance.now() + 1000) * 1000;
    rig.roster.places.command({ type: 'put_out', tenant: 'acme', place: DOC, user: 'bob', at });
    expect(tab.outOf).toEqual([]);
    rig.roster.places.command({ type: 'put_out', tenant: 'acme', place: DOC, at });
    await turn();
    expect([tab.outOf, told()?.enteredAgo]).toEqual([[DOC], -1]);
  });

  it('counts a connection in doubt once it answers, with its data', async () => {
    enters(tab, { a: 1 });
    await turn();
    tab.silent = true;
    rig.roster.rejoin(0);
    rig.roster.renewed(tab);
    await turn();
    expect(told()).toMatchObject({ enteredAgo: -1 });
    tab.answer?.();
    await turn();
    expect(told()).toMatchObject({ data: '{"a":1}' });
    expect(told()?.enteredAgo).toBeGreaterThanOrEqual(0);
  });

  it('knows from the feed what others are shown, and of a hidden person sends none of it', async () => {
    enters(tab);
    await turn();
    const event = { tenant: 'acme', place: DOC, user: 'ann', since: 9, ver: 9000, reason: 'enter' } as const;
    rig.roster.places.heard({ ...event, change: 'entered' });
    rig.roster.renewed(tab);
    await turn();
    expect(told()?.known).toEqual({ since: 9, ver: 9000 });
    rig.roster.places.heard({ ...event, ver: 8000, change: 'left' });
    expect(rig.roster.places.shows(tab.ref, DOC)).toBe(true);
    await Promise.all([rig.roster.claim(tab.ref, { status: 'invisible' }), pass(1)]);
    expect(told()).not.toHaveProperty('known');
    rig.roster.places.heard({ ...event, ver: 10_000, change: 'left' });
    expect(rig.roster.places.shows(tab.ref, DOC)).toBe(false);
  });

  it('counts members and places', async () => {
    enters(tab);
    enters(tab, undefined, 'doc:8');
    rig.roster.tend();
    const value = async (name: 'places' | 'placeMembers') => (await rig.metrics[name].get()).values[0]?.value;
    expect([await value('places'), await value('placeMembers')]).toEqual([2, 2]);
    rig.roster.leave(tab, 'goodbye');
    rig.roster.tend();
    expect(await value('placeMembers')).toBe(0);
  });
});
