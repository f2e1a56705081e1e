import type { State } from './truth.ts';

/**
 * Who watches the tenant beside a group may have been told of somebody who went offline, and is shown them again when
 * they join: once each time, and nothing else.
 */
export class Repeats {
  readonly #counts = new Map<string, number>();
  /** When groups were watched no longer: whom they joined before may still be on the way. */
  readonly #ended = new Map<string, number>();

  ended(group: string, at: number): void {
    this.#ended.set(group, at);
  }

  /** @param groups - the groups that are watched. */
  allows(user: string, ver: number, states: readonly State[], groups: readonly string[]): boolean {
    const joinings = states.filter(({ view, at }, place) => {
      const before = states[place - 1]?.view.groups ?? [];
      const isWatched = (group: string): boolean =>
        groups.includes(group) || (this.#ended.get(group) ?? 0) >= at;
      const isNew = view.groups?.some((group) => isWatched(group) && !before.includes(group));
      return view.ver === ver && at > ver && isNew === true;
    });
    const key = `${user}@${ver}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= joinings.length;
  }
}
