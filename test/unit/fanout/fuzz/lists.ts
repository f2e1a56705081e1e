import type { State } from './truth.ts';

/** What judging a list takes: what was true of somebody since some moment, and whom the client holds. */
export interface ListJudge {
  states(user: string): readonly State[];
  isHeld(user: string): boolean;
  finding(text: string): void;
}

/** The lists of groups that a client draws, from frames alone. */
export class Lists {
  readonly #lists = new Map<string, Set<string>>();
  /** The answer that brought the list of a group last, until a change of it came. */
  readonly #filling = new Map<string, string>();
  readonly #judge: ListJudge;

  constructor(judge: ListJudge) {
    this.#judge = judge;
  }

  /**
   * A frame of an answer that has the group.
   * @param since - what was true of somebody since it was asked for; undefined for the first frame of the group.
   */
  snapshot(
    ref: string,
    group: string,
    users: readonly string[],
    since: ((user: string) => readonly State[]) | undefined,
  ): void {
    if (since === undefined) {
      this.#lists.set(group, new Set());
      this.#filling.set(group, ref);
    } else if (this.#filling.get(group) !== ref) {
      this.#judge.finding(`more of ${group} in ${ref} after its members changed`);
    }
    for (const user of users) {
      const states = this.#judge.states(user);
      if (!states.some((state) => isIn(state, group))) {
        this.#judge.finding(`${user} in the list of ${group}, which they are not in`);
      }
      const list = this.#lists.get(group);
      // Who left and came back meanwhile is shown again.
      const mayBeBack = since?.(user).some((state) => !isIn(state, group)) === true;
      if (list?.has(user) === true && !mayBeBack) this.#judge.finding(`${user} twice in ${group} of ${ref}`);
      list?.add(user);
    }
  }

  members(group: string, joined: readonly string[], left: readonly string[]): void {
    const { finding, states, isHeld } = this.#judge;
    const list = this.#lists.get(group);
    if (list === undefined) {
      finding(`members of ${group}, whose list was not shown`);
      return;
    }
    this.#filling.delete(group);
    if (joined.length + left.length === 0) finding(`members of ${group}, without any`);
    for (const user of left) {
      if (!list.delete(user)) finding(`${user} left ${group} without having been in it`);
      const isOver = states(user).some((state) => state.forgotten || !isIn(state, group));
      if (!isOver) finding(`${user} left ${group}, which they are in`);
    }
    for (const user of joined) {
      if (list.has(user)) finding(`${user} joined ${group} twice`);
      if (!isHeld(user)) finding(`${user} joined ${group} before they were shown`);
      if (!states(user).some((state) => isIn(state, group)))
        finding(`${user} joined ${group}, which they are not in`);
      list.add(user);
    }
  }

  drop(group: string): void {
    this.#lists.delete(group);
    this.#filling.delete(group);
  }

  has(group: string, user: string): boolean {
    return this.#lists.get(group)?.has(user) === true;
  }

  of(group: string): ReadonlySet<string> | undefined {
    return this.#lists.get(group);
  }
}

const isIn = ({ view }: State, group: string): boolean => view.groups?.includes(group) === true;
