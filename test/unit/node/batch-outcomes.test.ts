import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApplyReply, Batch } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok, selfView } from './fakes.ts';
import { freezeTime, pass, Rig, turn } from './rig.ts';

const away = async (): Promise<ApplyReply> => {
  throw new Error('the store is away');
};

describe('a batch that was not stored', () => {
  let rig: Rig;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  const join = (user: string): FakeMember => {
    const member = new FakeMember(user);
    void rig.roster.join(member);
    return member;
  };
  /** The next answer is this one; those after it are good. */
  const answerOnce = (reply: () => Promise<ApplyReply>): void => {
    rig.store.onApply = (_batch: Batch) => {
      rig.store.onApply = async () => ok();
      return reply();
    };
  };

  it('of unknown outcome is never sent again: its users go with what is true by then, under a new number', async () => {
    const first = gate<ApplyReply>();
    answerOnce(() => first.promise);
    const ann = join('ann');
    join('bob');
    await turn();
    rig.roster.leave(ann, 'lost');
    first.reject(new Error('timeout'));
    await pass(150);
    expect(rig.store.told).toEqual([
      ['ann 1', 'bob 1'],
      ['ann 0', 'bob 1'],
    ]);
    expect(rig.store.applied.map(({ batch: { base, seq } }) => [base, seq])).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  it('keeps those waiting who wait for it', async () => {
    answerOnce(away);
    const self = selfView('ann');
    const welcome = rig.roster.join(new FakeMember('ann'));
    await turn();
    rig.store.onApply = async () => ok({ selves: new Map([[0, self]]) });
    await pass(150);
    expect(await welcome).toEqual(self);
  });

  it('does not make what is urgent wait for company', async () => {
    const members = Array.from({ length: 5 }, (_, i) => join(`user${i}`));
    await turn();
    await pass(1);
    rig.store.onApply = away;
    const [ann] = members;
    if (ann) rig.roster.leave(ann, 'goodbye');
    await turn();
    const before = rig.store.applied.length;
    rig.store.onApply = async () => ok();
    await pass(100);
    expect(rig.store.told.slice(before)).toEqual([['user0 0']]);
  });

  it('is not followed by a storm of attempts, however much waits', async () => {
    rig.store.onApply = away;
    for (let i = 0; i < 300; i += 1) join(`user${i}`);
    await turn();
    for (let i = 0; i < 20; i += 1) {
      join(`late${i}`);
      await pass(100);
    }
    expect(rig.store.applied.length).toBeLessThanOrEqual(8);
  });

  it('goes again at once when a beat shows that the store answers', async () => {
    rig.store.onApply = away;
    join('ann');
    await pass(3000);
    const before = rig.store.applied.length;
    rig.store.onApply = async () => ok();
    rig.beat();
    await turn();
    expect(rig.store.applied).toHaveLength(before + 1);
    expect(rig.flusher.idle).toBe(true);
  });

  it('because one user cannot be stored does not keep the others from it', async () => {
    rig.store.onApply = async ({ entries }) => {
      if (entries.some(({ user }) => user === 'bad')) throw new Error('ERR script failed');
      return ok();
    };
    for (let i = 0; i < 40; i += 1) join(i === 17 ? 'bad' : `user${i}`);
    const beats = setInterval(() => rig.beat(), 2000);
    await pass(20_000);
    clearInterval(beats);
    const stored = new Set(
      rig.store.applied
        .filter(({ batch }) => batch.entries.every(({ user }) => user !== 'bad'))
        .flatMap(({ batch }) => batch.entries.map(({ user }) => user)),
    );
    expect(stored.size).toBe(39);
  });

  it('makes batches small only until one gets through', async () => {
    rig.store.onApply = away;
    for (let i = 0; i < 200; i += 1) join(`user${i}`);
    await pass(4000);
    rig.store.onApply = async () => ok();
    const before = rig.store.applied.length;
    rig.beat();
    await pass(20);
    const sizes = rig.store.applied.slice(before).map(({ batch }) => batch.entries.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200);
    expect(sizes.length).toBeLessThan(6);
  });

  it('as stale goes again under a higher number', async () => {
    answerOnce(async () => ({ result: 'stale' }));
    join('ann');
    await pass(200);
    expect(rig.store.applied.map(({ batch }) => batch.seq)).toEqual([1, 2]);
    expect(rig.flusher.idle).toBe(true);
  });

  it.each(['fenced', 'lost'] as const)(
    'because this node is %s waits for a beat, asked for at once',
    async (result) => {
      answerOnce(async () => ({ result }));
      join('ann');
      await turn();
      expect(rig.refused).toEqual([0]);
      join('bob');
      await pass(3000);
      expect(rig.store.applied).toHaveLength(1);
      if (result === 'fenced') rig.state(0).renew();
      rig.beat(0, { gen: 'g2' });
      await turn();
      expect(rig.store.told).toEqual([['ann 1'], ['ann 1', 'bob 1']]);
      expect(rig.store.applied[1]?.batch).toMatchObject({
        gen: 'g2',
        node: result === 'fenced' ? 'n1.1' : 'n1.0',
      });
    },
  );

  it('counts as not stored when its generation ended before the answer came', async () => {
    const first = gate<ApplyReply>();
    answerOnce(() => first.promise);
    join('ann');
    await turn();
    rig.beat(0, { gen: 'g2' });
    first.resolve(ok({ clock: 9000 }));
    await pass(200);
    expect(rig.store.told).toEqual([['ann 1'], ['ann 1']]);
    expect(rig.state(0).acked).toBe(2);
  });

  it('counts as not stored when its epoch ended before the answer came', async () => {
    const first = gate<ApplyReply>();
    answerOnce(() => first.promise);
    join('ann');
    await turn();
    rig.state(0).renew();
    rig.beat();
    first.resolve(ok());
    await turn();
    await pass(200);
    expect(rig.store.applied.map(({ batch: { node, base } }) => [node, base])).toEqual([
      ['n1.0', 0],
      ['n1.1', 0],
    ]);
  });

  it('costs no user: everybody is stored in the end', async () => {
    let call = 0;
    rig.store.onApply = async () => {
      call += 1;
      if (call % 3 === 0) return { result: 'stale' };
      if (call % 3 === 1) throw new Error('away');
      return ok();
    };
    for (let i = 0; i < 30; i += 1) {
      join(`user${i}`);
      await pass(37);
    }
    const beats = setInterval(() => rig.beat(), 2000);
    await pass(10_000);
    clearInterval(beats);
    expect(rig.flusher.idle).toBe(true);
    for (let i = 0; i < 30; i += 1) expect(rig.store.newest(`user${i}`)?.count).toBe(1);
  });
});
