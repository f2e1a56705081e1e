import { afterEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { transitionEvent } from '../../src/protocol/event.ts';
import { presenceOf } from '../../src/protocol/presence.ts';
import { EPOCH, type FrozenStore, frozenMemory, frozenRedis, POLICY } from '../support/frozen-stores.ts';
import { ref, Subject, TENANT } from './both-stores.ts';
import { useRedis } from './use-redis.ts';

const HOUR = 3_600_000;
/** When they open, are idle and leave: two hours and 25 minutes after the epoch on the full hour, and later. */
const OPENED = 2 * HOUR + 1_500_000;
const IDLE = OPENED + 1_000;
const GONE = IDLE + 1_234;
/** Without the kinds in use, which not every reading has. */
const shownTo = (view: View | undefined): object => {
  const { active: _, ...shown } = view ?? {};
  return shown;
};

const iso = (ms: number): string => new Date(EPOCH + ms).toISOString();

/** Whoever left may not be told from `since` to the millisecond when the setting says that nobody may know. */
describe.each(['memory', 'redis'] as const)('`since` by LAST_SEEN in the %s store', (kind) => {
  const server = useRedis();
  const both = new Subject();
  let serial = 0;
  afterEach(() => both.frozen.stop());

  const open = async (lastSeen: 'exact' | 'hour' | 'off'): Promise<FrozenStore> => {
    const policy = { ...POLICY, idleAwayMs: 0, idleOfflineMs: 0 };
    const store =
      kind === 'memory'
        ? await frozenMemory(policy, { lastSeen })
        : await frozenRedis(server.url(), `since-${process.pid}-${serial++}`, policy, { lastSeen });
    both.open(store);
    return store;
  };

  it.each([
    ['exact', IDLE, GONE],
    ['hour', 2 * HOUR, 2 * HOUR],
    ['off', undefined, undefined],
  ] as const)(
    '%s: of who is idle or offline as exact as `lastSeen`, else exact',
    async (setting, idle, gone) => {
      const store = await open(setting);
      const since = async (): Promise<string | undefined> => {
        const [view] = await both.store.views.read(TENANT, ['ann']);
        expect(shownTo((await both.store.views.readSelf(ref('ann'))).view)).toEqual(shownTo(view));
        const { transitions, view: explained } = await both.store.views.explain(ref('ann'));
        expect(shownTo(explained)).toEqual(shownTo(view));
        expect(transitions[0]?.since).toBe(view?.since);
        const last = (await both.entries()).at(-1);
        const event = last?.kind === 'transition' && transitionEvent(last.transition);
        const shown = view && presenceOf(view);
        expect(event).toMatchObject({ data: shown?.since === undefined ? {} : { since: shown.since } });
        expect(JSON.stringify(event).includes('"since"')).toBe(shown?.since !== undefined);
        return shown?.since;
      };
      await store.setTime(OPENED);
      await both.opens('n1.0', 'ann', { openedAgo: 0 });
      expect(await since()).toBe(iso(OPENED));
      await store.setTime(IDLE);
      await both.opens('n1.0', 'ann', { idle: true, activeAgo: 1_000, openedAgo: 1_000 });
      expect(await since()).toBe(idle === undefined ? undefined : iso(idle));
      await store.setTime(GONE);
      await both.opens('n1.0', 'ann', { count: 0, activeAgo: 2_234, openedAgo: 2_234, idle: true });
      expect(await since()).toBe(gone === undefined ? undefined : iso(gone));
    },
  );
});
