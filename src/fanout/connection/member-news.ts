import { goneFrame } from '../../protocol/server-frames.ts';
import type { FanoutContext, Windowed } from '../context.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { CachedUser } from '../views/cached-user.ts';

/** Ids in one frame: even the longest stay below the usual limits of clients. */
export const IDS_PER_FRAME = 500;

/** How one group differs from the list that the client holds. Never longer than both together, however slow it reads. */
interface Changes {
  readonly joined: Map<string, CachedUser>;
  readonly left: Set<string>;
}

/** What a client holds of a user whom it is to forget. */
interface Held {
  readonly ver: number;
  /** It was sent this version, and not only an older one. */
  readonly isSent: boolean;
}

/** The connection that the news is for. */
export interface NewsReader {
  /** The newest view of a user was sent: the user may be named as one who joined. */
  isShown(user: CachedUser): boolean;
  /** The group's list is still being sent, with an answer: its changes wait for the end of it. */
  isListing(set: GroupSet): boolean;
  /** The window is over. */
  sendNews(now: number): void;
}

/**
 * Who joined and left the groups of one connection since the last `members` frames, and who is watched no longer by that. A
 * user who leaves and comes back in between makes no frame. It has a window of its own: the first change is sent at once.
 */
export class MemberNews implements Windowed {
  readonly #context: FanoutContext;
  readonly #reader: NewsReader;
  readonly #changes = new Map<GroupSet, Changes>();
  /** Watched no longer, by leaving: named in `gone` after the lists that they left. */
  readonly #gone = new Map<string, Held>();
  #inWindow = false;

  constructor(context: FanoutContext, reader: NewsReader) {
    this.#context = context;
    this.#reader = reader;
  }

  get empty(): boolean {
    return this.#changes.size === 0 && this.#gone.size === 0;
  }

  get inWindow(): boolean {
    return this.#inWindow;
  }

  openWindow(now: number): void {
    if (this.#context.windowMs === 0 || this.#inWindow) return;
    this.#inWindow = true;
    this.#context.windows.add(this, now);
  }

  windowEnded(now: number): void {
    this.#inWindow = false;
    this.#reader.sendNews(now);
  }

  joined(set: GroupSet, user: CachedUser): void {
    const changes = this.#of(set);
    if (!changes.left.delete(user.user)) changes.joined.set(user.user, user);
    this.#prune(set, changes);
  }

  left(set: GroupSet, user: CachedUser): void {
    const changes = this.#of(set);
    if (!changes.joined.delete(user.user)) changes.left.add(user.user);
    this.#prune(set, changes);
  }

  /** A user is in the list after all, because the list that is being sent shows them again. */
  listed(set: GroupSet, user: CachedUser): void {
    const changes = this.#changes.get(set);
    if (changes?.left.delete(user.user) === true) this.#prune(set, changes);
  }

  /** A list of the group follows that takes the place of what waits, or none any more. */
  drop(set: GroupSet): void {
    this.#changes.delete(set);
  }

  gone(user: CachedUser, isSent: boolean): void {
    this.#gone.set(user.user, { ver: user.record?.view.ver ?? 0, isSent });
  }

  /** A user is watched again, and not to be forgotten. @returns what the client holds of them. */
  backAgain(user: CachedUser): Held | undefined {
    const held = this.#gone.get(user.user);
    this.#gone.delete(user.user);
    return held;
  }

  clear(): void {
    this.#changes.clear();
    this.#gone.clear();
  }

  /**
   * Takes a user out of the lists they left, at once and whatever else waits. What is being listed follows later.
   * @returns the frames.
   */
  takeLeft(id: string): Buffer[] {
    this.#gone.delete(id);
    const frames: Buffer[] = [];
    for (const [set, changes] of this.#changes) {
      if (this.#reader.isListing(set) || !changes.left.delete(id)) continue;
      this.#prune(set, changes);
      frames.push(this.#context.encoder.members(set, [], [id]));
    }
    return frames;
  }

  /** The frames of what may be sent now: first the lists, then who is gone. What was not taken stays. */
  *frames(): Generator<Buffer | string> {
    for (const [set, changes] of this.#changes) {
      if (this.#reader.isListing(set)) continue;
      for (;;) {
        const left = this.#takeIds(changes.left);
        const joined = this.#takeShown(changes.joined, IDS_PER_FRAME - left.length);
        this.#prune(set, changes);
        if (joined.length + left.length === 0) break;
        yield this.#context.encoder.members(set, joined, left);
      }
    }
    for (;;) {
      const users = this.#takeGone();
      if (users.length === 0) return;
      yield goneFrame({ users });
    }
  }

  #takeIds(from: Set<string>): string[] {
    const ids: string[] = [];
    for (const id of from) {
      if (ids.length === IDS_PER_FRAME) break;
      from.delete(id);
      ids.push(id);
    }
    return ids;
  }

  #takeShown(from: Map<string, CachedUser>, most: number): string[] {
    const ids: string[] = [];
    for (const [id, user] of from) {
      if (ids.length === most) break;
      if (!this.#reader.isShown(user)) continue;
      from.delete(id);
      ids.push(id);
    }
    return ids;
  }

  /** Not those of whom a list that is still being sent says first that they left. */
  #takeGone(): string[] {
    const users: string[] = [];
    const waits = [...this.#changes.values()];
    for (const id of this.#gone.keys()) {
      if (users.length === IDS_PER_FRAME) break;
      if (waits.some(({ left }) => left.has(id))) continue;
      this.#gone.delete(id);
      users.push(id);
    }
    return users;
  }

  #of(set: GroupSet): Changes {
    let changes = this.#changes.get(set);
    if (changes === undefined) {
      changes = { joined: new Map(), left: new Set() };
      this.#changes.set(set, changes);
    }
    return changes;
  }

  #prune(set: GroupSet, { joined, left }: Changes): void {
    if (joined.size === 0 && left.size === 0) this.#changes.delete(set);
  }
}
