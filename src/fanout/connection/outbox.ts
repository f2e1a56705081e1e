import type { FanoutContext, Windowed } from '../context.ts';
import type { Sink } from '../fanout.ts';
import { FrameBuilder } from '../frame-builder.ts';
import { EMPTY, includes, type SmallSet } from '../small-set.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { StreamReader, TenantStream } from '../tenant/tenant-stream.ts';
import type { CachedUser, Subscriber } from '../views/cached-user.ts';
import { goneFrames } from './gone.ts';
import { MemberNews, type NewsReader } from './member-news.ts';
import { Pending } from './pending.ts';
import { type Drained, Writer } from './writer.ts';

/** An answer that is ready to be sent, frame by frame. */
export interface Reply {
  /** The next frame. Composed when it is sent, so it has the newest views. */
  next(): string;
  /** No frame is left. */
  readonly done: boolean;
  /** The last frame was written. */
  sent(now: number): void;
}

export interface OutboxOwner {
  /** The user's snapshot is still to come, and brings what is newest. */
  isUnsent(user: CachedUser): boolean;
  /** The list of a group is still to come, or to be completed. */
  isListing(set: GroupSet): boolean;
  /** The tenant grew too large to be watched: leave its stream. */
  outgrown(): void;
  regrouped(user: CachedUser): void;
  forgotten(user: CachedUser): void;
}

/**
 * What one connection has still to be sent. It keeps no views, only who changed: the newest view is looked up when
 * the frame is written, so a connection that does not read costs the same however much happens.
 */
export class Outbox implements Subscriber, StreamReader, NewsReader, Windowed, Drained {
  /** Where the tenant's stream was sent up to; meaningful between {@link join} and {@link leave}. */
  cursor = 0;
  /** The cursor at {@link join}: the stream did not send this connection any user without a later place. */
  #joinedAt = 0;
  readonly #writer: Writer;
  readonly #context: FanoutContext;
  readonly #owner: OutboxOwner;
  /** Users watched by id who changed since they were last sent. */
  readonly #pending = new Pending();
  /** Users who changed while an answer was still to show them, or whom it is the first to show. */
  #leftToAnswers: Set<CachedUser> | undefined;
  #replies: Reply[] = [];
  /** The reply whose first frame was, or is about to be written. */
  #current: Reply | undefined;
  /** Made when a member of a watched group first joins or leaves. */
  #news: MemberNews | undefined;
  #stream: TenantStream | undefined;
  /** The tenant's snapshot was sent: its stream follows, and carries the users watched by id too. */
  #streaming = false;
  /** Versions sent beside the stream, ahead of {@link cursor}: the stream leaves these out. */
  #ahead: Map<CachedUser, number> | undefined;
  #inWindow = false;
  #closed = false;

  constructor(sink: Sink, context: FanoutContext, owner: OutboxOwner) {
    this.#writer = new Writer(sink, context, this);
    this.#context = context;
    this.#owner = owner;
  }

  changed(user: CachedUser, now: number): void {
    if (this.#closed || this.#streaming || user.record === undefined) return;
    if (this.#owner.isUnsent(user)) {
      this.leaveToAnswers(user);
      return;
    }
    if (!this.#inWindow && this.#pending.size === 0 && this.#writer.isReady(now)) {
      this.#writer.write(this.#context.encoder.change(user.record, now));
      this.#note(user);
      this.#openWindow(now);
      return;
    }
    if (!this.#pending.add(user)) this.#context.meter.conflated += 1;
    if (!this.#inWindow) this.#flush(now);
  }

  /**
   * A user joined a watched group; {@link sendNews} says so.
   * @param isNew - they were not watched before.
   * @param isListed - the group's list that is being sent shows them.
   */
  memberJoined(
    set: GroupSet,
    user: CachedUser,
    { isNew, isListed }: { readonly isNew: boolean; readonly isListed: boolean },
    now: number,
  ): void {
    this.#news ??= new MemberNews(this.#context, this);
    const held = this.#news.backAgain(user);
    const ver = user.record?.view.ver ?? 0;
    // They were forgotten meanwhile. Beside what the client holds, nothing of theirs would count.
    if (held !== undefined && ver < held.ver) this.takeAway([], [user.user]);
    if (isListed) this.#news.listed(set, user);
    else this.#news.joined(set, user);
    const isHeld = held?.isSent === true && held.ver === ver;
    if (isHeld) this.#leftToAnswers?.delete(user);
    else if (isNew) this.#joined(user, now);
  }

  /**
   * A user left a watched group; {@link sendNews} says so.
   * @param isTold - the client holds them in the list, or is about to.
   */
  memberLeft(set: GroupSet, user: CachedUser, isTold: boolean): void {
    this.#news ??= new MemberNews(this.#context, this);
    if (isTold) this.#news.left(set, user);
  }

  /** A user who leaves is then watched no longer: `gone` follows. To be called before anything changes. */
  memberGone(user: CachedUser): void {
    this.#news ??= new MemberNews(this.#context, this);
    this.#news.gone(user, this.isShown(user));
  }

  /**
   * Takes groups and users away at once, and whatever waits: the first thing that is said of a user after it must not meet
   * what the client holds. The lists that a user left are named before, where that was not sent yet.
   */
  takeAway(groups: readonly string[], users: readonly string[], isGone = true): void {
    for (const user of users) this.#sayLeft(user);
    for (const frame of goneFrames(groups, isGone ? users : [])) this.say(frame);
  }

  /** An answer shows a user. If they are watched still when it no longer does, {@link unlisted} shows them. */
  leaveToAnswers(user: CachedUser): void {
    this.#leftToAnswers = (this.#leftToAnswers ?? new Set()).add(user);
  }

  /** Answers show some users no longer: what was left to them of those who are still watched goes out by itself. */
  unlisted(now: number, users: Iterable<CachedUser> = this.#leftToAnswers ?? []): void {
    for (const user of users) {
      if (!this.#owner.isUnsent(user) && this.#leftToAnswers?.delete(user) === true) this.#joined(user, now);
    }
  }

  userForgotten(id: string, frame: string): void {
    // Who left a list is forgotten by it, and may wait here for the tenant's stream all the same.
    if (this.#pending.size > 0) this.#pending.keep(({ user }) => user !== id);
    this.#sayLeft(id);
    this.say(frame);
  }

  /** A list of the group follows, or it is watched no longer. */
  dropNews(set: GroupSet): void {
    this.#news?.drop(set);
  }

  /** Says who joined and left, unless the window of such news or the socket make it wait. */
  sendNews(now: number): void {
    if (this.#news?.inWindow === false) this.sendAllNews(now);
  }

  /** The same without waiting for the window. @returns whether all that may be said was. */
  sendAllNews(now: number): boolean {
    const news = this.#news;
    if (news === undefined || news.empty || this.#closed) return true;
    if (!this.#writer.isReady(now)) return false;
    for (const frame of news.frames()) {
      this.#writer.write(frame);
      news.openWindow(now);
      if (!this.#writer.isReady(now)) return false;
    }
    return true;
  }

  isShown(user: CachedUser): boolean {
    if (user.record === undefined || this.#pending.has(user) || this.#owner.isUnsent(user)) return false;
    return !this.#streaming || !this.#owed(user);
  }

  isListing(set: GroupSet): boolean {
    return this.#owner.isListing(set);
  }

  /** A user is watched from now on as a member who joined, in a view that is no news to others. */
  #joined(user: CachedUser, now: number): void {
    const stream = this.#streaming ? this.#stream : undefined;
    if (stream === undefined) {
      this.changed(user, now);
      return;
    }
    // A watcher of the tenant was shown those present, and the stream sends it every change since. That an offline user
    // was sent before is forgotten when the user is released. Sending a version again does no harm.
    const isTold = user.present || user.seq > this.#joinedAt;
    if (this.#closed || isTold || user.record === undefined || this.#owner.isUnsent(user)) return;
    this.#pending.add(user);
    stream.wake(now);
  }

  regrouped(user: CachedUser): void {
    this.#owner.regrouped(user);
  }

  forgotten(user: CachedUser): void {
    this.#owner.forgotten(user);
  }

  /** The connection was sent the newest view of a user, by a snapshot. */
  sentNewest(user: CachedUser): void {
    this.#pending.delete(user);
    this.#leftToAnswers?.delete(user);
    this.#note(user);
  }

  /** A user is no longer watched by id. Who watches their tenant still gets what was owed. */
  forget(user: CachedUser): void {
    this.#leftToAnswers?.delete(user);
    if (this.#stream === undefined) this.#pending.delete(user);
  }

  /** Takes the place in the tenant's stream at which its snapshot begins; {@link follow} starts the stream. */
  join(stream: TenantStream): void {
    this.#stream = stream;
    this.cursor = stream.head;
    this.#joinedAt = stream.head;
    stream.readers.add(this);
  }

  follow(now: number): void {
    const stream = this.#stream;
    if (stream === undefined || this.#streaming) return;
    this.#streaming = true;
    if (this.#owesChanges(stream)) stream.wake(now);
  }

  /**
   * What the stream owed of users watched by id goes out by itself from now on: when the window ends or, if it is
   * owed because the connection does not read, when it does.
   */
  leave(byId: SmallSet<CachedUser>, now: number): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#pending.keep((user) => includes(byId, user));
    if (this.#streaming) {
      for (const user of byId) if (this.#owed(user)) this.#pending.add(user);
      if (stream.inWindow) this.#openWindow(now);
    }
    stream.readers.delete(this);
    this.#stream = undefined;
    this.#streaming = false;
    this.#ahead = undefined;
  }

  reply(reply: Reply, now: number): void {
    this.#replies.push(reply);
    this.#sendReplies(now);
    this.sendNews(now);
  }

  /** The socket may take more. */
  drained(now: number): void {
    if (this.#closed) return;
    // Answers first: they end, changes do not.
    this.#sendReplies(now);
    const stream = this.#stream;
    if (stream === undefined || !this.#streaming) {
      if (!this.#inWindow) this.#flush(now);
    } else if (this.#owesChanges(stream)) {
      if (this.#context.windowMs === 0) this.pull(now);
      else stream.wake(now);
    }
    this.sendNews(now);
  }

  windowEnded(now: number): void {
    this.#inWindow = false;
    if (this.#closed) return;
    const stream = this.#stream;
    if (stream === undefined || !this.#streaming) this.#flush(now);
    else if (this.#owesChanges(stream)) stream.wake(now);
    this.sendNews(now);
  }

  pull(now: number): void {
    this.#pull(now);
    this.sendNews(now);
  }

  #pull(now: number): void {
    const stream = this.#stream;
    if (this.#closed || stream === undefined || !this.#streaming || this.#inWindow) return;
    while (this.#owesChanges(stream)) {
      if (!this.#writer.isReady(now)) return;
      if (this.#ahead === undefined && this.#pending.size === 0) {
        const part = stream.part(this.cursor, now);
        this.#writer.write(part.frame);
        this.cursor = part.to;
        this.#context.meter.conflated += part.conflated;
      } else {
        this.#pullOwn(stream, now);
      }
      if (this.#context.windowMs > 0) break;
    }
    if (this.#owesChanges(stream)) stream.wake(now); // More than one frame holds: the next window's.
  }

  outgrown(): void {
    this.#owner.outgrown();
  }

  /** Frames that are no presence, ahead of everything that waits. */
  say(frame: string): void {
    this.#writer.send(frame);
  }

  close(now: number): void {
    this.#closed = true;
    this.leave(EMPTY, now);
    this.#pending.clear();
    this.#leftToAnswers = undefined;
    this.#news?.clear();
    this.#replies = [];
    this.#current = undefined;
  }

  #sayLeft(id: string): void {
    for (const frame of this.#news?.takeLeft(id) ?? []) this.#writer.write(frame);
  }

  #sendReplies(now: number): void {
    for (let reply = this.#replies[0]; reply !== undefined; reply = this.#replies[0]) {
      if (!this.#writer.isReady(now)) return;
      // Whom the client is to forget must be gone before an answer shows them.
      if (this.#current !== reply && !this.sendAllNews(now)) return;
      this.#current = reply;
      this.#writer.write(reply.next());
      if (!reply.done) continue;
      this.#replies.shift();
      this.#current = undefined;
      reply.sent(now);
    }
  }

  /** What changed of the users watched by id, without a stream to wait for. */
  #flush(now: number): void {
    while (this.#pending.size > 0 && !this.#closed && this.#writer.isReady(now)) {
      const builder = new FrameBuilder(this.#context);
      this.#pending.take(builder, (user) => this.#note(user));
      this.#writeChanges(builder, now);
      if (this.#context.windowMs === 0) continue;
      this.#openWindow(now);
      return;
    }
  }

  /** As the stream's own frames, but with what only this connection has still to get, and without what it has. */
  #pullOwn(stream: TenantStream, now: number): void {
    const builder = new FrameBuilder(this.#context);
    this.#pending.take(builder, (user) => this.#note(user));
    let to = this.cursor;
    let passed = 0;
    let user = stream.after(this.cursor);
    for (; user !== undefined && !builder.full; user = user.newer) {
      if (this.#owed(user)) builder.add(user);
      to = user.seq;
      passed += 1;
    }
    if (user === undefined) to = stream.head;
    this.#writeChanges(builder, now);
    this.#context.meter.conflated += to - this.cursor - passed;
    this.cursor = to;
    if (to === stream.head) this.#ahead = undefined;
  }

  /** Remembers what was sent beside the stream that the stream has still to come to. */
  #note(user: CachedUser): void {
    if (this.#stream === undefined || user.record === undefined || user.seq <= this.cursor) return;
    this.#ahead ??= new Map();
    this.#ahead.set(user, user.record.view.ver);
  }

  /** The stream has still to send this user's record. */
  #owed(user: CachedUser): boolean {
    return user.seq > this.cursor && user.record?.view.ver !== (this.#ahead?.get(user) ?? -1);
  }

  #owesChanges(stream: TenantStream): boolean {
    return this.cursor < stream.head || this.#pending.size > 0;
  }

  #openWindow(now: number): void {
    if (this.#context.windowMs === 0 || this.#inWindow) return;
    this.#inWindow = true;
    this.#context.windows.add(this, now);
  }

  #writeChanges({ records }: FrameBuilder, now: number): void {
    if (records.length > 0) this.#writer.write(this.#context.encoder.changes(records, now));
  }
}
