import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ApplyReply, MAX_BATCH } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok } from './fakes.ts';
import { freezeTime, pass, Rig, turn } from './rig.ts';

describe('group commit', () => {
  let rig: Rig;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  const join = (...users: string[]): void => {
    for (const user of users) void rig.roster.join(new FakeMember(user));
  };

  it('what arrives together goes together', async () => {
    join('ann', 'bob', 'cleo');
    expect(rig.store.applied).toHaveLength(0);
    await turn();
    expect(rig.store.told).toEqual([['ann 1', 'bob 1', 'cleo 1']]);
  });

  it('one batch is under way while the next one gathers, and goes as soon as it landed', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    join('ann');
    await turn();
    join('bob');
    await pass(1000);
    join('cleo');
    await pass(1000);
    expect(rig.store.told).toEqual([['ann 1']]);
    rig.store.onApply = async () => ok();
    first.resolve(ok());
    await turn();
    expect(rig.store.told).toEqual([['ann 1'], ['bob 1', 'cleo 1']]);
  });

  it('partitions do not wait for each other', async () => {
    rig = new Rig(2);
    rig.store.onApply = (_, partition) =>
      partition === 0 ? gate<ApplyReply>().promise : Promise.resolve(ok());
    join('a', 'b');
    await turn();
    join('c', 'd');
    await turn();
    expect(rig.store.applied.map(({ partition }) => partition)).toEqual([0, 1, 1]);
  });

  it('a batch holds no more than the store takes; the rest follows', async () => {
    join(...Array.from({ length: MAX_BATCH + 7 }, (_, i) => `user${i}`));
    await turn();
    await turn();
    expect(rig.store.applied[0]?.batch.entries).toHaveLength(MAX_BATCH);
    await pass(400);
    expect(rig.store.applied.map(({ batch }) => batch.entries.length)).toEqual([MAX_BATCH, 7]);
  });

  it('numbers rise, each above the last one acknowledged', async () => {
    for (const user of ['ann', 'bob', 'cleo']) {
      join(user);
      await turn();
    }
    expect(rig.store.applied.map(({ batch: { base, seq } }) => [base, seq])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('carries the highest clock it was told', async () => {
    rig.store.onApply = async () => ok({ clock: 5000 });
    join('ann');
    await turn();
    join('bob');
    await turn();
    expect(rig.store.applied.map(({ batch }) => batch.seen)).toEqual([1000, 5000]);
  });

  it('durations are those of the moment of sending', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    join('ann');
    await turn();
    join('bob');
    await pass(700);
    first.resolve(ok());
    await turn();
    expect(rig.store.newest('bob')?.openedAgo).toBe(700);
  });

  it('without a lease nothing goes; the beat that renews it sends what waits', async () => {
    await pass(6000);
    join('ann');
    await pass(500);
    expect(rig.store.applied).toHaveLength(0);
    rig.beat();
    await turn();
    expect(rig.store.told).toEqual([['ann 1']]);
  });

  it('counts who waits', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    join('ann', 'bob');
    expect(await rig.metric('dirty')).toBe(2);
    await turn();
    expect(await rig.metric('dirty')).toBe(0);
    join('ann');
    expect(await rig.metric('dirty')).toBe(1);
    first.reject(new Error('away'));
    await turn();
    expect(await rig.metric('dirty')).toBe(2);
    rig.store.onApply = async () => ok();
    await pass(200);
    expect(await rig.metric('dirty')).toBe(0);
  });

  it('knows how old the oldest change is that is not stored', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    expect(rig.flusher.lag(0)).toBe(0);
    join('ann');
    await pass(300);
    join('bob');
    await pass(200);
    expect(rig.flusher.lag(0)).toBe(500);
    rig.store.onApply = async () => {
      throw new Error('away');
    };
    first.reject(new Error('away'));
    await pass(250);
    // A batch that failed made nothing younger.
    expect(rig.flusher.lag(0)).toBe(750);
    rig.store.onApply = async () => ok();
    await pass(1000);
    expect(rig.flusher.lag(0)).toBe(0);
  });

  it('forgets the age of what never has to be told', async () => {
    const ann = new FakeMember('ann');
    void rig.roster.join(ann);
    rig.roster.leave(ann, 'lost');
    await pass(3000);
    expect(rig.store.applied).toHaveLength(0);
    expect(rig.flusher.lag(0)).toBe(0);
  });

  it('after stopping nothing goes and no timer is left', async () => {
    for (let i = 0; i < 9; i += 1) {
      join(`user${i}`);
      await turn();
    }
    const before = rig.store.applied.length;
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    rig.stop();
    expect(vi.getTimerCount()).toBe(0);
    join('late');
    rig.beat();
    await pass(5000);
    expect(rig.store.applied).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('what was under way when it stopped is taken in, and starts nothing', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    join('ann');
    await turn();
    join('bob');
    rig.stop();
    first.reject(new Error('closed'));
    await pass(5000);
    expect(rig.store.applied).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
