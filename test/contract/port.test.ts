import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import type { LogEntry } from '../../src/store/log-entry.ts';
import type { ApplyReply, Entry, NodeInfo } from '../../src/store/presence-store.ts';
import { EPOCH, type FrozenStore, frozenMemory, frozenRedis, POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let serial = 0;
const TENANT = 'acme';
/** Whatever is a valid id must come back as it went in. */
const ODD_IDS = [
  'a:b',
  ':',
  'ünï',
  '🚲',
  'a b',
  '"quoted"',
  "it's \\ /",
  '{p0}',
  '*',
  '[a]',
  '-',
  '(x',
  '%25',
  '0',
  ' ',
];

/** What every implementation of the port promises, whatever it is made of. */
describe.each([
  { name: 'memory', open: () => frozenMemory() },
  { name: 'redis', open: () => frozenRedis(server.url(), `port-${process.pid}-${serial++}`) },
])('the $name store', ({ open }) => {
  let frozen: FrozenStore;
  let seq: number;
  beforeEach(async () => {
    frozen = await open();
    seq = 0;
  });
  afterEach(() => frozen.stop());

  const tell = async (node: string, ...entries: Entry[]): Promise<(ApplyReply & { result: 'ok' })[]> => {
    const { store, gen } = frozen;
    const replies: (ApplyReply & { result: 'ok' })[] = [];
    for (let p = 0; p < store.partitions; p += 1) {
      const some = entries.filter((entry) => store.partitionOf(entry) === p);
      if (some.length === 0) continue;
      seq += 1;
      const reply = await store.apply(p, { node, gen, seen: 0, base: 0, seq, entries: some });
      if (reply.result !== 'ok') throw new Error(`refused: ${reply.result}`);
      replies.push(reply);
    }
    return replies;
  };
  const opens = (node: string, user: string, more: Partial<Entry> = {}) =>
    tell(node, entryOf(user, { activeAgo: 0, graceMs: POLICY.graceMs, ...more }));
  const ref = (user: string) => ({ tenant: TENANT, user });
  const view = async (user: string): Promise<View> => (await frozen.store.readSelf(ref(user))).view;
  const entries = async (): Promise<LogEntry[]> => (await frozen.log()).flat().sort((a, b) => a.id - b.id);
  const story = async () =>
    (await entries()).flatMap((e) =>
      e.kind === 'transition' ? [`${e.transition.user} ${e.transition.status} ${e.transition.reason}`] : [],
    );
  const sweepAll = async () => {
    let swept = 0;
    for (let p = 0; p < frozen.store.partitions; p += 1)
      swept += (await frozen.store.sweep(p, (EPOCH + 1e9) * 1000)).swept;
    return swept;
  };

  describe('apply', () => {
    it('takes absolute values: said twice is said once, of several nodes one is enough', async () => {
      await opens('n1.0', 'ann');
      await opens('n1.0', 'ann', { count: 2 });
      await opens('n2.0', 'ann');
      await tell('n1.0', entryOf('ann', { count: 0 }));
      expect(await story()).toEqual(['ann online connect']);
      await tell('n2.0', entryOf('ann', { count: 0 }));
      expect(await story()).toEqual(['ann online connect', 'ann offline goodbye']);
    });

    it('writes down each transition with the version it was given, in rising order', async () => {
      await opens('n1.0', 'ann', { name: 'Ann', groups: ['g1'], iat: 3, devices: ['mobile', 'web'] });
      await frozen.setTime(10);
      await tell('n1.0', entryOf('ann', { count: 0, activeAgo: 10 }));
      const log = await entries();
      const common = { tenant: TENANT, user: 'ann', name: 'Ann', groups: ['g1'] };
      expect(log).toMatchObject([
        {
          kind: 'transition',
          transition: {
            ...common,
            status: 'online',
            previous: 'offline',
            since: EPOCH,
            devices: ['web', 'mobile'],
          },
        },
        {
          kind: 'transition',
          transition: {
            ...common,
            status: 'offline',
            previous: 'online',
            since: EPOCH + 10,
            lastSeen: EPOCH,
            devices: [],
          },
        },
      ]);
      expect(log[1]?.id).toBeGreaterThan(log[0]?.id ?? Number.NaN);
      for (const e of log) expect(e.kind === 'transition' && e.transition.ver).toBe(e.id);
    });

    it('answers with what the caller did not know, by position', async () => {
      const claim = { status: 'busy', stamp: EPOCH * 1000 } as const;
      const users = ['u1', 'u2', 'u3', 'u4', 'u5'].map((user) => ({
        ...ref(user),
        p: frozen.store.partitionOf(ref(user)),
      }));
      const together = users.filter(({ p }) => p === users[0]?.p).map(({ user }) => user);
      await tell('n1.0', ...together.map((user) => entryOf(user, { activeAgo: 0 })));
      const known = await frozen.store.read(TENANT, together);
      const [reply] = await tell(
        'n1.0',
        ...known.map((each, i) =>
          entryOf(each.user, { activeAgo: 0, known: each, ...(i === 0 && { claim }) }),
        ),
      );
      expect([...(reply?.selves.keys() ?? [])]).toEqual([0]);
      expect(reply?.selves.get(0)).toMatchObject({ view: { user: together[0], status: 'busy' }, claim });
    });

    it('tells which connections took over the activity of others', async () => {
      const alone = await opens('n1.0', 'ann', { activeAgo: -1 });
      const beside = await opens('n2.0', 'ann', { activeAgo: -1 });
      const spoke = await opens('n2.0', 'ann', { activeAgo: 0 });
      expect([alone, beside, spoke].map(([reply]) => reply?.tookOver)).toEqual([[], [0], []]);
    });

    it('tells a newer own claim to a node that asserts an older one', async () => {
      await opens('n1.0', 'ann', { claim: { status: 'busy', stamp: EPOCH * 1000 } });
      await frozen.setTime(5);
      await frozen.store.claimOwn(ref('ann'), { status: 'away', text: 'lunch' });
      const [reply] = await opens('n1.0', 'ann', { claim: { status: 'busy', stamp: EPOCH * 1000 } });
      expect(reply?.selves.get(0)?.claim).toMatchObject({ status: 'away', text: 'lunch' });
      expect((await view('ann')).status).toBe('away');
    });

    it('takes a full batch, of several tenants', async () => {
      const crowd = Array.from({ length: 500 }, (_, i) =>
        entryOf(`u${i}`, { tenant: `t${i % 3}`, activeAgo: 0, idle: i % 2 === 0 }),
      );
      await tell('n1.0', ...crowd);
      expect(await frozen.store.count('t0')).toEqual({ online: 83, away: 84, busy: 0 });
      expect(await frozen.store.count('t1')).toEqual({ online: 84, away: 83, busy: 0 });
      await tell('n1.0', ...crowd.map((entry) => ({ ...entry, count: 0 })));
      expect(await frozen.store.count('t0')).toEqual({ online: 0, away: 0, busy: 0 });
    });

    it('lets nothing cross a tenant', async () => {
      await tell('n1.0', entryOf('b:c', { tenant: 'a', activeAgo: 0 }));
      const others = [
        frozen.store.read('b', ['b:c', 'c']),
        frozen.store.read('a.b', ['c']),
        frozen.store.read('a', ['b', 'c']),
      ];
      for (const views of await Promise.all(others)) for (const { ver } of views) expect(ver).toBe(0);
      expect(await frozen.store.count('b')).toEqual({ online: 0, away: 0, busy: 0 });
    });
  });

  describe('read', () => {
    it('answers in the order asked, whoever is unknown or asked twice included', async () => {
      await opens('n1.0', 'ann');
      await opens('n1.0', 'bob', { idle: true });
      const views = await frozen.store.read(TENANT, ['nobody', 'bob', 'ann', 'bob']);
      expect(views.map(({ user, status }) => [user, status])).toEqual([
        ['nobody', 'offline'],
        ['bob', 'away'],
        ['ann', 'online'],
        ['bob', 'away'],
      ]);
      expect(views[0]).toEqual({ user: 'nobody', status: 'offline', since: 0, ver: 0, devices: [] });
      expect(await frozen.store.read(TENANT, [])).toEqual([]);
    });

    it('gives any id back as it is', async () => {
      for (const user of ODD_IDS) await opens('n1.0', user, { name: user });
      const views = await frozen.store.read(TENANT, ODD_IDS);
      expect(views.map(({ user, name, status }) => [user, name, status])).toEqual(
        ODD_IDS.map((user) => [user, user, 'online']),
      );
      const logged = (await entries()).map((e) => e.kind === 'transition' && e.transition.user);
      expect(logged.sort()).toEqual([...ODD_IDS].sort());
    });

    it('takes a view that is newer than what is stored, and tells only what is different by now', async () => {
      await opens('n1.0', 'ann');
      const stored = await view('ann');
      const newer = (status: View['status'], user = 'ann'): View => ({
        ...stored,
        user,
        status,
        ver: stored.ver + 50,
      });
      expect(await frozen.store.read(TENANT, ['ann'], [newer('online')])).toMatchObject([
        { status: 'online', ver: stored.ver + 50 },
      ]);
      expect(await story()).toEqual(['ann online connect']);
      const [gone] = await frozen.store.read(TENANT, ['bob'], [newer('online', 'bob')]);
      expect(gone).toMatchObject({ status: 'offline' });
      expect(gone?.ver).toBeGreaterThan(stored.ver + 50);
      expect(await story()).toEqual(['ann online connect', 'bob offline resync']);
    });

    it('is not moved by a view that is older', async () => {
      await opens('n1.0', 'ann');
      const stored = await view('ann');
      const older: View = { ...stored, status: 'busy', ver: stored.ver - 1 };
      expect(await frozen.store.read(TENANT, ['ann'], [older])).toEqual([stored]);
      const nothing: View = { user: 'bob', status: 'offline', since: 0, ver: 0, devices: [] };
      expect(await frozen.store.read(TENANT, ['bob'], [nothing])).toEqual([nothing]);
    });
  });

  describe('readSelf', () => {
    it('is the truth, of somebody invisible too', async () => {
      await opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: EPOCH * 1000 } });
      expect(await frozen.store.readSelf(ref('ann'))).toEqual({
        view: { user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] },
        invisible: true,
        claim: { status: 'invisible', stamp: EPOCH * 1000 },
      });
    });

    it('of nobody is nothing', async () => {
      expect(await frozen.store.readSelf(ref('nobody'))).toEqual({
        view: { user: 'nobody', status: 'offline', since: 0, ver: 0, devices: [] },
        invisible: false,
      });
    });
  });

  describe('page', () => {
    const all = async (limit: number, between: () => Promise<unknown> = async () => undefined) => {
      const found: View[] = [];
      let cursor: string | undefined;
      do {
        const page = await frozen.store.page(TENANT, limit, cursor);
        expect(page.users.length).toBeLessThanOrEqual(limit);
        found.push(...page.users);
        cursor = page.cursor;
        await between();
      } while (cursor !== undefined);
      return found.map(({ user }) => user);
    };

    it('by page gives everybody who is not offline once, in the same order every time', async () => {
      const here = [...Array.from({ length: 120 }, (_, i) => `user-${i}`), ...ODD_IDS];
      await tell('n1.0', ...here.map((user, i) => entryOf(user, { activeAgo: 0, idle: i % 3 === 0 })));
      await tell('n1.0', entryOf('gone', { activeAgo: 0 }));
      await tell(
        'n1.0',
        entryOf('gone', { count: 0 }),
        entryOf('elsewhere', { tenant: 'other', activeAgo: 0 }),
      );
      for (const limit of [1, 7, 40, 1000]) {
        const found = await all(limit);
        expect([...found].sort()).toEqual([...here].sort());
        expect(await all(limit)).toEqual(found);
      }
    });

    it('by page misses nobody who stays, and repeats nobody, while others come and go', async () => {
      const stay = Array.from({ length: 60 }, (_, i) => `stay-${i}`);
      await tell('n1.0', ...stay.map((user) => entryOf(user, { activeAgo: 0 })));
      let turn = 0;
      const found = await all(5, async () => {
        turn += 1;
        await opens('n1.0', `come-${turn}`);
        await tell('n1.0', entryOf(`come-${turn - 1}`, { count: 0 }));
      });
      expect(new Set(found).size).toBe(found.length);
      expect(found.filter((user) => user.startsWith('stay')).sort()).toEqual([...stay].sort());
    });

    it('of nobody is empty, and has no next one', async () => {
      expect(await frozen.store.page(TENANT, 10)).toEqual({ users: [] });
    });

    it('refuses a cursor it did not give', async () => {
      for (const cursor of ['!', '~', 'not a cursor', 'é']) {
        await expect(frozen.store.page(TENANT, 10, cursor)).rejects.toMatchObject({ code: 'invalid_cursor' });
      }
    });
  });

  describe('count', () => {
    it('counts each user once, under what others see', async () => {
      await opens('n1.0', 'a');
      await opens('n2.0', 'a');
      await opens('n1.0', 'b', { idle: true });
      await opens('n1.0', 'c', { claim: { status: 'busy', stamp: 1 } });
      await opens('n1.0', 'd', { claim: { status: 'invisible', stamp: 1 } });
      await opens('n1.0', 'e', { claim: { status: 'away', stamp: 1 } });
      expect(await frozen.store.count(TENANT)).toEqual({ online: 1, away: 2, busy: 1 });
      await tell(
        'n1.0',
        entryOf('b', { count: 0 }),
        entryOf('c', { count: 0 }),
        entryOf('e', { activeAgo: 0, claim: { status: null, stamp: 2 } }),
      );
      expect(await frozen.store.count(TENANT)).toEqual({ online: 2, away: 0, busy: 0 });
    });
  });

  describe('claimOwn', () => {
    it('sets and clears, and answers what is true from now on', async () => {
      await opens('n1.0', 'ann');
      const until = EPOCH + 60_000;
      const set = await frozen.store.claimOwn(ref('ann'), {
        status: 'busy',
        text: 'é "x"',
        emoji: '🚲',
        until,
      });
      expect(set).toMatchObject({
        view: { status: 'busy', text: 'é "x"', emoji: '🚲', until },
        invisible: false,
        claim: { status: 'busy', text: 'é "x"', emoji: '🚲', until },
      });
      const cleared = await frozen.store.claimOwn(ref('ann'), { status: null });
      expect(cleared.view).not.toHaveProperty('text');
      expect(cleared).toMatchObject({ view: { status: 'online' }, claim: { status: null } });
      expect(cleared.claim?.stamp).toBeGreaterThan(set.claim?.stamp ?? Number.NaN);
      expect(await story()).toEqual(['ann online connect', 'ann busy claim', 'ann online claim']);
    });

    it('keeps for later what somebody set who is not there', async () => {
      const self = await frozen.store.claimOwn(ref('ann'), { status: 'busy' });
      expect(self).toMatchObject({ view: { status: 'offline', ver: 0 }, claim: { status: 'busy' } });
      expect(await entries()).toEqual([]);
      await opens('n1.0', 'ann');
      expect(await story()).toEqual(['ann busy connect']);
    });

    it('is told to the nodes that hold the user, though nobody sees it', async () => {
      await opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: 5 } });
      const { claim } = await frozen.store.claimOwn(ref('ann'), { status: 'invisible', text: 'x' });
      expect(await entries()).toMatchObject([
        { kind: 'command', command: { type: 'claim', ref: ref('ann'), claim } },
      ]);
    });

    it('that came with one node is told to the others that hold the user', async () => {
      await opens('n1.0', 'ann');
      await opens('n2.0', 'ann', { claim: { status: 'busy', stamp: 7 } });
      const commands = (await entries()).filter(({ kind }) => kind === 'command');
      expect(commands).toMatchObject([{ command: { claim: { status: 'busy', stamp: 7 } } }]);
    });
  });

  describe('sweep', () => {
    it('ends what is due, and nothing before', async () => {
      await opens('n1.0', 'ann', { openedAgo: 500 });
      await tell(
        'n1.0',
        entryOf('ann', { count: 0, openedAgo: 500, closedAgo: 0, graceMs: POLICY.graceMs, activeAgo: 500 }),
      );
      await frozen.setTime(POLICY.graceMs - 1);
      expect(await sweepAll()).toBe(0);
      expect(await story()).toEqual(['ann online connect']);
      await frozen.setTime(POLICY.graceMs);
      expect(await sweepAll()).toBe(1);
      expect(await story()).toEqual(['ann online connect', 'ann offline disconnect']);
    });

    it('ends claims, and the idleness of connections that took it over', async () => {
      await opens('n1.0', 'ann', { claim: { status: 'busy', stamp: 1, until: EPOCH + 1000 } });
      await opens('n1.0', 'bob');
      await opens('n2.0', 'bob', { activeAgo: -1 });
      await tell('n1.0', entryOf('bob', { count: 0, activeAgo: 0 }));
      await frozen.setTime(1000);
      await sweepAll();
      await frozen.setTime(POLICY.idleAwayMs);
      await sweepAll();
      expect((await story()).slice(2)).toEqual(['ann online expired', 'bob away idle']);
    });

    it('forgets who was offline for the retention, and leaves nothing of them', async () => {
      await opens('n1.0', 'ann', { name: 'Ann', claim: { status: null, stamp: 1 } });
      await tell('n1.0', entryOf('ann', { count: 0 }));
      await frozen.setTime(POLICY.retentionMs + 1);
      while ((await sweepAll()) > 0);
      expect(await view('ann')).toEqual({ user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] });
      expect(await frozen.store.readSelf(ref('ann'))).not.toHaveProperty('claim');
    });

    it('does not forget who set something without an end', async () => {
      await opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: 1 } });
      await tell('n1.0', entryOf('ann', { count: 0 }));
      await frozen.setTime(3 * POLICY.retentionMs);
      await sweepAll();
      expect(await frozen.store.readSelf(ref('ann'))).toMatchObject({ invisible: true });
    });
  });

  describe('held', () => {
    it('lists whom a node holds, and nobody else', async () => {
      await opens('n1.0', 'a:b');
      await opens('n2.0', 'bob');
      await opens('n1.0', 'cid');
      await tell('n1.0', entryOf('cid', { count: 0 }));
      const held = await Promise.all(
        Array.from({ length: frozen.store.partitions }, (_, p) => frozen.store.held(p, 'n1.0')),
      );
      expect(held.flat()).toEqual([ref('a:b')]);
    });
  });

  describe('register', () => {
    it('lists the node itself', async () => {
      const self: NodeInfo = {
        id: 'n1',
        name: 'one',
        version: '1',
        connections: 3,
        users: 2,
        startedAt: 5,
        heartbeatAgo: 9,
      };
      expect(await frozen.store.register(self)).toEqual([{ ...self, heartbeatAgo: 0 }]);
      await frozen.store.unregister('n1');
      expect(await frozen.store.register({ ...self, id: 'n2' })).toMatchObject([{ id: 'n2' }]);
    });
  });
});
