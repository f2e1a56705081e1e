import { describe, expect, it } from 'vitest';
import { Pending } from '../../../src/fanout/connection/pending.ts';
import { added, EMPTY, includes, removed, type SmallSet, sizeOf } from '../../../src/fanout/small-set.ts';
import { ChangeList } from '../../../src/fanout/tenant/change-list.ts';
import { CachedUser } from '../../../src/fanout/views/cached-user.ts';

describe('a small set', () => {
  it('is an array below eight members and a Set from there on', () => {
    let set: SmallSet<number> = EMPTY;
    for (let item = 1; item <= 7; item += 1) set = added(set, item);
    expect(Array.isArray(set)).toBe(true);
    set = added(added(set, 7), 8);
    expect(set).toBeInstanceOf(Set);
    expect([...set]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (let item = 1; item <= 4; item += 1) set = removed(set, item);
    expect(Array.isArray(set)).toBe(true);
    expect([sizeOf(set), includes(set, 4), includes(set, 5)]).toEqual([4, false, true]);
    for (let item = 5; item <= 8; item += 1) set = removed(set, item);
    expect(set).toBe(EMPTY);
  });

  it('does not disturb who iterates over it', () => {
    let set: SmallSet<number> = EMPTY;
    for (let item = 1; item <= 4; item += 1) set = added(set, item);
    const seen: number[] = [];
    for (const item of set) {
      seen.push(item);
      set = removed(set, item);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});

describe.each([5, 100])('what is pending, %i users of it', (count) => {
  const users = Array.from({ length: count }, (_, n) => new CachedUser(`u${n}`, 0));
  const filled = (): Pending => {
    const pending = new Pending();
    for (const user of users) expect(pending.add(user)).toBe(true);
    for (const user of users) expect(pending.add(user)).toBe(false);
    return pending;
  };
  /** Takes a frame of so many. */
  const take = (pending: Pending, most: number): string[] => {
    const names: string[] = [];
    const frame = {
      get full() {
        return names.length >= most;
      },
      add: (user: CachedUser) => void names.push(user.user),
    };
    pending.take(frame, () => undefined);
    return names;
  };
  const names = users.map(({ user }) => user);

  it('is taken in order, a frame at a time', () => {
    const pending = filled();
    expect(take(pending, 2)).toEqual(names.slice(0, 2));
    expect(pending.size).toBe(count - 2);
    expect(pending.add(users[0] as CachedUser)).toBe(true);
    expect(take(pending, 1000)).toEqual([...names.slice(2), 'u0']);
    expect([pending.size, take(pending, 1000)]).toEqual([0, []]);
  });

  it('gives up one, some, or all', () => {
    const pending = filled();
    pending.delete(users[1] as CachedUser);
    pending.delete(users[1] as CachedUser);
    pending.keep((user) => user !== users[2]);
    expect(pending.size).toBe(count - 2);
    expect(take(pending, 2)).toEqual(['u0', 'u3']);
    pending.clear();
    expect([pending.size, take(pending, 1000)]).toEqual([0, []]);
  });
});

describe('the list of changes', () => {
  const users = (list: ChangeList, seq: number): string[] => {
    const names: string[] = [];
    for (let user = list.after(seq); user !== undefined; user = user.newer) names.push(user.user);
    return names;
  };

  it('tells who changed after a moment, each once, at their newest place', () => {
    const list = new ChangeList();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new CachedUser(name, 0)) as [
      CachedUser,
      CachedUser,
      CachedUser,
    ];
    for (const user of [a, b, c, a, a, b]) list.touch(user);
    expect(users(list, 0)).toEqual(['c', 'a', 'b']);
    expect(users(list, 3)).toEqual(['a', 'b']);
    expect(users(list, 5)).toEqual(['b']);
    expect(users(list, list.head)).toEqual([]);
  });

  it('lets go of what everybody was sent', () => {
    const list = new ChangeList();
    const [a, b] = ['a', 'b'].map((name) => new CachedUser(name, 0)) as [CachedUser, CachedUser];
    list.touch(a);
    list.touch(b);
    const out: CachedUser[] = [];
    list.deliveredUpTo(1, (user) => out.push(user));
    expect(out).toEqual([a]);
    expect([a.listed, b.listed]).toEqual([false, true]);
    list.touch(a);
    expect(users(list, 1)).toEqual(['b', 'a']);
  });
});
