import { describe, expect, it } from 'vitest';
import { subOf, type TokenOwner, type View } from '../../src/domain/model.ts';
import type { Entry } from '../../src/store/port/reports.ts';
import { StoreError } from '../../src/store/port/store-error.ts';
import type { PresenceStore } from '../../src/store/presence-store.ts';
import fc from '../support/fast-check.ts';
import {
  EPOCH,
  type FrozenRedis,
  type FrozenStore,
  frozenMemory,
  frozenRedis,
  POLICY,
} from '../support/frozen-stores.ts';
import { expectConsistent } from './consistent.ts';
import { placeState, reportsOf } from './history-places.ts';
import { GROUPS, type Step, step, TENANT, USERS } from './history-step.ts';
import { readKnowing } from './read-knowing.ts';
import { useRedis } from './use-redis.ts';

/**
 * The memory store runs the rules themselves; the scripts are the same rules in Lua. Any history, told to both at the
 * same (frozen) moments, must leave both in the same state and with the same log.
 */

const codeOf = (error: unknown): string => {
  if (error instanceof StoreError && error.code !== 'unavailable') return error.code;
  throw error;
};

/** Runs one step and returns what the caller is told, so that answers are compared too. */
const run = async (target: FrozenStore, at: { ms: number; seq: number }, step: Step): Promise<unknown> => {
  const { store } = target;
  switch (step.kind) {
    case 'wait':
      at.ms += step.ms;
      return target.setTime(at.ms);
    case 'sweep':
      for (let p = 0; p < store.partitions; p += 1) await store.upkeep.sweep(p, EPOCH + at.ms + 60_000);
      return undefined;
    case 'claim':
      return store.people.claimOwn({ tenant: TENANT, user: step.user }, step.claim);
    case 'regroup':
      return store.people.regroup({ tenant: TENANT, user: step.user }, step.groups);
    case 'note':
      return store.people.note({ tenant: TENANT, user: step.user }, step.note);
    case 'service':
      return store.people
        .claim({ tenant: TENANT, user: step.user }, step.source, step.claim, step.at)
        .catch(codeOf);
    case 'session':
      return store.people
        .keepSession({ tenant: TENANT, user: step.user }, step.id, step.session, step.profile)
        .catch(codeOf);
    case 'goodbye':
      return store.people.endSession({ tenant: TENANT, user: step.user }, step.id);
    case 'end': {
      const ref = { tenant: TENANT, user: step.user };
      if (step.how === 'revoke') return store.endings.revoke(ref, step.before && EPOCH + at.ms + step.before);
      return step.how === 'forget' ? store.endings.forget(ref) : store.endings.end(ref, step.how);
    }
    case 'disconnect':
      return store.endings.disconnect({ tenant: TENANT, user: step.user }, step.device);
    case 'refuse': {
      const ref = { tenant: TENANT, user: step.user };
      await store.endings.refuse(store.partitionOf(ref), [{ ...ref, at: EPOCH / 1000 + step.after }]);
      return (await store.endings.revocations()).sort(bySub);
    }
    case 'touch':
      return store.people.touch({ tenant: TENANT, user: step.user }, step.profile).catch(codeOf);
    case 'enter':
      return store.places
        .enter({ tenant: TENANT, user: step.user }, step.id, step.place, step.data, step.profile)
        .catch(codeOf);
    case 'leave':
      return store.places.leave({ tenant: TENANT, user: step.user }, step.id, step.place);
    case 'put_out':
      return store.places.putOut(TENANT, step.place, step.user);
    case 'repair': {
      const ver = (EPOCH + at.ms) * 1000 + step.ahead;
      const known: View = {
        user: step.user,
        status: step.status,
        since: EPOCH,
        ver,
        devices: [],
        ...(step.note && { note: step.note }),
      };
      return readKnowing(store, TENANT, [step.user], [known]);
    }
    case 'tell': {
      const ref = { tenant: TENANT, user: step.entry.user };
      const [stored] = step.knows ? await store.views.read(TENANT, [step.entry.user]) : [];
      const view =
        stored && step.ahead
          ? { ...stored, ver: (stored.ver || (EPOCH + at.ms) * 1000 - 1) + step.ahead, status: step.status }
          : stored;
      const claim = step.entry.claim && {
        ...step.entry.claim,
        stamp: (EPOCH + at.ms - (step.stampAgo ?? 0)) * 1000,
      };
      const note = step.entry.note && {
        ...step.entry.note,
        stamp: (EPOCH + at.ms - (step.stampAgo ?? 0)) * 1000,
      };
      at.seq += 1;
      const entry: Entry = {
        ...step.entry,
        ...ref,
        ...(claim && { claim }),
        ...(note && { note }),
        ...(view && view.ver > 0 && { known: view }),
        ...(step.places && { places: await reportsOf(store, TENANT, ref.user, step.places, at.ms) }),
      };
      const batch = { node: step.node, gen: target.gen, seen: 0, base: 0, seq: at.seq, entries: [entry] };
      const reply = await store.reports.apply(store.partitionOf(ref), batch);
      if (reply.result !== 'ok') return reply;
      const { selves, revoked, ended, places, ...rest } = reply;
      const lists = { selves: [...selves], revoked: [...(revoked ?? [])], ended: [...(ended ?? [])] };
      return { ...rest, ...lists, places: [...(places ?? [])] };
    }
  }
};

const bySub = (one: TokenOwner, other: TokenOwner): number => (subOf(one) < subOf(other) ? -1 : 1);

const groupState = async (store: PresenceStore, group: string): Promise<unknown> => ({
  count: await store.groups.count(TENANT, group),
  page: (await store.groups.page(TENANT, group, 10)).users.map((view) => view.user).sort(),
  members: (await store.groups.members(TENANT, group, 10))?.sort((a, b) => (a.user < b.user ? -1 : 1)),
});

const stateOf = async (store: PresenceStore): Promise<unknown> => ({
  selves: await Promise.all(USERS.map((user) => store.views.readSelf({ tenant: TENANT, user }))),
  views: await store.views.read(TENANT, USERS),
  used: await store.views.read(TENANT, USERS, { inUse: true }),
  count: await store.views.count(TENANT),
  revocations: (await store.endings.revocations()).sort(bySub),
  page: (await store.views.page(TENANT, 10)).users.map((view) => view.user).sort(),
  why: await Promise.all(USERS.map((user) => store.views.explain({ tenant: TENANT, user }))),
  groups: await Promise.all(GROUPS.map((group) => groupState(store, group))),
  places: await placeState(store, TENANT, USERS),
});

describe('random histories', () => {
  const server = useRedis();
  let serial = 0;
  const prefix = `histories-${process.pid}`;

  it('leave memory and Redis in the same state with the same log', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        serial += 1;
        // Every other history is damped.
        const policy =
          serial % 2 === 0 ? POLICY : { ...POLICY, damping: { burst: 1 + (serial % 3), intervalMs: 1500 } };
        const memory = await frozenMemory(policy);
        const redis: FrozenRedis = await frozenRedis(server.url(), `${prefix}-${serial}`, policy);
        try {
          const clocks = { memory: { ms: 0, seq: 0 }, redis: { ms: 0, seq: 0 } };
          for (const each of steps) {
            const expected = await run(memory, clocks.memory, each);
            expect(await run(redis, clocks.redis, each)).toEqual(expected);
            expect(await stateOf(redis.store)).toEqual(await stateOf(memory.store));
          }
          for (const keys of redis.keys.partitions) await expectConsistent(redis.redis, keys);
          expect(await redis.log()).toEqual(await memory.log());
        } finally {
          await redis.stop();
          await memory.stop();
        }
      }),
      {
        numRuns: Number(process.env['ROLLCALL_HISTORIES'] ?? 150),
        interruptAfterTimeLimit: 60_000,
        endOnFailure: false,
      },
    );
  }, 180_000);
});
