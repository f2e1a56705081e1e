import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OwnClaim } from '../../../src/domain/model.ts';
import { Holding } from '../../../src/node/holding.ts';
import { Waiter } from '../../../src/node/waiter.ts';
import type { ClaimRequest } from '../../../src/store/port/people.ts';
import type { ApplyReply } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok, selfView, view } from './fakes.ts';
import { COMMAND_MS, freezeTime, pass, Rig, turn } from './rig.ts';

const ANN = { tenant: 'acme', user: 'ann' };

describe("a person's own claim", () => {
  let rig: Rig;
  let ann: FakeMember;
  beforeEach(async () => {
    freezeTime();
    rig = new Rig();
    rig.store.onApply = async () => ok({ selves: new Map([[0, selfView('ann')]]) });
    ann = new FakeMember('ann');
    await Promise.all([rig.roster.join(ann), pass(1)]);
    rig.store.onApply = async () => ok();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  /** What becomes of a claim, as it becomes known. */
  const claim = (request: ClaimRequest): { outcome: string } => {
    const seen = { outcome: 'waiting' };
    rig.roster.claim(ANN, request).then(
      () => {
        seen.outcome = 'stored';
      },
      (error: { code: string }) => {
        seen.outcome = error.code;
      },
    );
    return seen;
  };
  const told = (): OwnClaim | undefined => rig.store.newest('ann')?.claim;

  it('is told at once, and answered once it is stored', async () => {
    const reply = gate<ApplyReply>();
    rig.store.onApply = () => reply.promise;
    const seen = claim({ status: 'busy', text: 'lunch' });
    await turn();
    expect(told()).toMatchObject({ status: 'busy', text: 'lunch' });
    expect(seen.outcome).toBe('waiting');
    reply.resolve(ok());
    await turn();
    expect(seen.outcome).toBe('stored');
  });

  it('made while a batch is under way is answered by the next one, which carries it', async () => {
    const [first, second] = [gate<ApplyReply>(), gate<ApplyReply>()];
    rig.store.onApply = () => first.promise;
    const old = claim({ status: 'away' });
    await turn();
    rig.store.onApply = () => second.promise;
    const seen = claim({ status: 'busy' });
    first.resolve(ok());
    await turn();
    expect([old.outcome, seen.outcome, told()?.status]).toEqual(['stored', 'waiting', 'busy']);
    second.resolve(ok());
    await turn();
    expect(seen.outcome).toBe('stored');
  });

  it('is unavailable when it is not stored in time; it is told all the same', async () => {
    const failing = async (): Promise<ApplyReply> => {
      throw new Error('away');
    };
    rig.store.onApply = failing;
    const seen = claim({ status: 'busy' });
    await pass(COMMAND_MS - 20);
    expect(seen.outcome).toBe('waiting');
    await pass(40);
    expect(seen.outcome).toBe('unavailable');
    rig.store.onApply = async () => ok();
    await pass(1000);
    expect(told()?.status).toBe('busy');
    expect(rig.flusher.idle).toBe(true);
  });

  it('that hides is not confirmed before enough replicas have it', async () => {
    const replicas = gate<boolean>();
    rig.store.onReplicated = () => replicas.promise;
    const hidden = claim({ status: 'invisible' });
    await turn();
    expect(hidden.outcome).toBe('waiting');
    replicas.resolve(false);
    await turn();
    expect(hidden.outcome).toBe('unavailable');
  });

  /** With the replica away each toggle of somebody hidden once held up everybody of the partition for a second. */
  it('that hides holds up nobody else while replicas are away, and is waited for only once', async () => {
    rig.store.onReplicated = () => gate<boolean>().promise;
    const hidden = claim({ status: 'invisible' });
    await turn();
    expect(rig.store.calls).toEqual(['replicated 0']);
    const bob = rig.roster.join(new FakeMember('bob')).then(() => 'welcome');
    await turn();
    expect(rig.store.newest('bob')).toBeDefined();
    expect(await Promise.race([bob, turn()])).toBe('welcome');
    ann.idle = true;
    rig.roster.touched(ann);
    const other = rig.roster.join(new FakeMember('ann')).then(() => 'welcome');
    await turn();
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, claim: { status: 'invisible' } });
    expect(await Promise.race([other, turn()])).toBe('welcome');
    expect(hidden.outcome).toBe('waiting');
    expect(rig.store.calls).toEqual(['replicated 0']);
  });

  it('that another node or the store told of is not waited for again', async () => {
    const stamp = 1_000_000_000_000;
    rig.roster.command({ type: 'claim', ref: ANN, claim: { status: 'invisible', stamp } });
    void rig.roster.join(new FakeMember('ann'));
    await turn();
    expect(rig.store.newest('ann')).toMatchObject({ claim: { stamp } });
    expect(rig.store.calls).toEqual([]);
  });

  it('carries the stamp of the partition, each one above the one before, and keeps it', async () => {
    claim({ status: 'busy' });
    await turn();
    const first = told()?.stamp ?? 0;
    expect(first).toBeGreaterThanOrEqual(1000);
    claim({ status: null });
    await turn();
    const second = told()?.stamp ?? 0;
    expect(second).toBeGreaterThan(first);
    rig.roster.reassert(0);
    await pass(400);
    expect(told()).toEqual({ status: null, stamp: second });
  });

  it('gives way to a newer one, from the store or from another node, and to no older one', async () => {
    claim({ status: 'busy' });
    await turn();
    const mine = told()?.stamp ?? 0;
    rig.roster.command({ type: 'claim', ref: ANN, claim: { status: 'away', stamp: mine - 1 } });
    rig.roster.reassert(0);
    await pass(400);
    expect(told()).toMatchObject({ status: 'busy' });
    rig.roster.command({ type: 'claim', ref: ANN, claim: { status: 'away', stamp: mine + 1 } });
    rig.roster.reassert(0);
    await pass(400);
    expect(told()).toMatchObject({ status: 'away', stamp: mine + 1 });
    const stored: OwnClaim = { status: 'invisible', stamp: mine + 2 };
    rig.store.onApply = async () => ok({ selves: new Map([[0, selfView('ann', {}, { claim: stored })]]) });
    rig.roster.reassert(0);
    await pass(400);
    rig.roster.reassert(0);
    await pass(400);
    expect(told()).toEqual(stored);
  });

  it('of somebody who leaves before anything was told is told all the same', async () => {
    const bob = new FakeMember('bob');
    void rig.roster.join(bob);
    rig.roster.claim({ tenant: 'acme', user: 'bob' }, { status: 'invisible' }).catch(() => undefined);
    rig.roster.leave(bob, 'lost');
    await turn();
    expect(rig.store.newest('bob')).toMatchObject({ count: 0, claim: { status: 'invisible' } });
    expect(rig.roster.users).toBe(1);
  });

  it('made again and again while the store is away leaves nobody behind who gave up waiting', () => {
    const holding = new Holding('acme:ann', ANN, 0);
    for (let i = 0; i < 1000; i += 1) {
      const waiter = new Waiter(vi.fn(), vi.fn());
      holding.wait(waiter);
      if (i < 998) waiter.expire();
    }
    expect(holding.takeWaiters()).toHaveLength(2);
    expect(holding.takeWaiters()).toHaveLength(0);
  });

  describe('what the person is told of it', () => {
    const welcome = async () => {
      const joining = rig.roster.join(new FakeMember('ann'));
      await pass(400);
      return joining;
    };

    it('is that it hides them', async () => {
      claim({ status: 'invisible' });
      expect(await welcome()).toMatchObject({ invisible: true, claim: { status: 'invisible' } });
    });

    it('is not that it hides them once it has ended', async () => {
      const until = Math.round(rig.state(0).timeOfDay(performance.now())) + 5000;
      claim({ status: 'invisible', until });
      expect(await welcome()).toMatchObject({ invisible: true });
      await pass(4000);
      rig.beat();
      rig.roster.transition({
        ...view('ann', { ver: 99 }),
        tenant: 'acme',
        previous: 'offline',
        reason: 'connect',
      });
      await pass(1000);
      expect(await welcome()).toMatchObject({ invisible: false, view: { ver: 99, status: 'online' } });
    });

    it('is that it ended when the store says so of the same claim', async () => {
      claim({ status: 'invisible' });
      await turn();
      const ended: OwnClaim = { status: null, stamp: told()?.stamp ?? 0 };
      rig.store.onApply = async () =>
        ok({ selves: new Map([[0, selfView('ann', { ver: 9 }, { claim: ended })]]) });
      expect(await welcome()).toEqual(selfView('ann', { ver: 9 }));
    });
  });
});
