import type { State } from './truth.ts';

/**
 * Who watches the tenant beside a group may have been told of somebody who went offline, and is shown them again when
 * they join: once each time, and nothing else.
 */
export class Repeats {
  readonly #counts = new Map<string, number>();

  /** @param groups - the groups that are watched. */
  allows(user: string, ver: number, states: readonly State[], groups: readonly string[]): boolean {
    const joinings = states.filter(({ view, at }, place) => {
      const before = states[place - 1]?.view.groups ?? [];
      const isNew = view.groups?.some((group) => groups.includes(group) && !before.includes(group));
      return view.ver === ver && at > ver && isNew === true;
    });
    const key = `${user}@${ver}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= joinings.length;
  }
}
