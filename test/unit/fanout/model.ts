import { expect } from 'vitest';
import type { Watcher } from '../../../src/fanout/fanout.ts';
import { WatchError } from '../../../src/fanout/fanout.ts';
import type { FakeSink, Frame, Rig } from './rig.ts';

interface Request {
  readonly ref: string;
  /** By id, not unwatched since. */
  readonly users: Set<string>;
  tenant: boolean;
  readonly shown: Set<string>;
  complete: boolean;
}

/** What one connection must see, by SPEC alone: checks each frame as it comes. */
export class ModelConnection {
  readonly sink: FakeSink;
  readonly watcher: Watcher;
  readonly #rig: Rig;
  readonly #windowMs: number;
  readonly #maxWatches: number;
  /** Neither refused nor unwatched. */
  #requests: Request[] = [];
  /** Newest the connection was sent of each user it watches. */
  readonly #last = new Map<string, { ver: number; status: string }>();
  #tenantShown = false;
  #changedAt = Number.NEGATIVE_INFINITY;
  #refs = 0;
  closed = false;

  constructor(rig: Rig, windowMs: number, maxWatches: number) {
    this.#rig = rig;
    this.#windowMs = windowMs;
    this.#maxWatches = maxWatches;
    const { sink, watcher } = rig.connect();
    this.sink = sink;
    this.watcher = watcher;
    sink.onFrame = (frame) => this.#receive(frame);
  }

  watch(users: readonly string[], tenant: boolean): void {
    this.#refs += 1;
    const request: Request = {
      ref: `r${this.#refs}`,
      users: new Set(users),
      tenant,
      shown: new Set(),
      complete: false,
    };
    this.#requests.push(request);
    const tooMany = this.#byId().size > this.#maxWatches;
    void this.watcher.watch({ users, tenant }, request.ref).then(
      () => expect(tooMany, 'a watch beyond the limit').toBe(false),
      (error: unknown) => {
        expect(error).toBeInstanceOf(WatchError);
        expect((error as WatchError).code).toBe(tooMany ? 'too_many_watches' : 'unavailable');
        expect(request.shown.size).toBe(0);
        this.#requests = this.#requests.filter((other) => other !== request);
        this.#forget();
      },
    );
  }

  unwatch(users: readonly string[], tenant: boolean): void {
    this.watcher.unwatch({ users, tenant });
    for (const request of this.#requests) {
      for (const user of users) request.users.delete(user);
      if (tenant) request.tenant = false;
    }
    if (tenant) this.#tenantShown = false;
    this.#forget();
  }

  close(): void {
    this.watcher.close();
    this.closed = true;
    this.#requests = [];
  }

  /** Once everything has come to rest: nothing is missing. @param lossless - no event was lost. */
  check(lossless: boolean): void {
    if (this.closed) return;
    for (const request of this.#requests) {
      expect(request.complete, `the answer to ${request.ref}`).toBe(true);
      for (const user of request.users) expect(request.shown).toContain(user);
    }
    const tenant = this.#requests.some((request) => request.tenant);
    expect(this.watcher.watching).toEqual({ users: this.#byId(), groups: new Set(), tenant });
    for (const user of this.#byId()) {
      expect(this.#last.get(user)?.ver, `the newest of ${user}`).toBe(
        this.#rig.store.truth.get(user)?.ver ?? 0,
      );
    }
    if (tenant) {
      for (const { user, ver, status } of this.#rig.store.truth.values()) {
        if (status !== 'offline') expect(this.#last.get(user)?.ver, `the newest of ${user}`).toBe(ver);
      }
    }
    for (const [user, { ver, status }] of this.#last) {
      const truth = this.#rig.store.truth.get(user);
      expect(status, `the status of ${user}`).toBe(truth?.status ?? 'offline');
      if (lossless) expect(ver, `the newest of ${user}`).toBe(truth?.ver ?? 0);
    }
  }

  #receive(frame: Frame): void {
    expect(this.closed, 'a frame after close').toBe(false);
    expect(frame.type).toBe('presence');
    if (frame.snapshot === true) this.#snapshot(frame);
    else this.#change(frame);
    for (const { user, ver, status } of frame.users) this.#last.set(user, { ver, status });
  }

  #snapshot(frame: Frame): void {
    const request = this.#requests.find(({ ref }) => ref === frame.ref);
    if (request === undefined) throw new Error(`a snapshot nobody asked for: ${frame.ref}`);
    expect(request.complete, 'a frame after the last one').toBe(false);
    for (const { user, ver, status } of frame.users) {
      const asked = request.users.has(user) || (request.tenant && status !== 'offline');
      expect(asked, `${user} in a snapshot`).toBe(true);
      expect(request.shown.has(user), `${user} twice in one snapshot`).toBe(false);
      request.shown.add(user);
      expect(ver).toBeGreaterThanOrEqual(this.#last.get(user)?.ver ?? 0);
    }
    request.complete = frame.more !== true;
    if (request.complete && request.tenant) this.#tenantShown = true;
  }

  #change(frame: Frame): void {
    expect(frame.users.length).toBeGreaterThan(0);
    expect(this.#rig.time.now() - this.#changedAt, 'a frame in the window').toBeGreaterThanOrEqual(
      this.#windowMs,
    );
    this.#changedAt = this.#rig.time.now();
    const byId = this.#byId();
    for (const { user, ver } of frame.users) {
      const last = this.#last.get(user);
      const shown = this.#tenantShown || (byId.has(user) && last !== undefined);
      expect(shown, `a change of ${user} before the snapshot, or after unwatch`).toBe(true);
      expect(ver, `a change of ${user}`).toBeGreaterThan(last?.ver ?? 0);
    }
  }

  #byId(): Set<string> {
    return new Set(this.#requests.flatMap(({ users }) => [...users]));
  }

  /** Who is no longer watched may be shown from the beginning again. */
  #forget(): void {
    const byId = this.#byId();
    if (this.#tenantShown) return;
    const shown = (user: string): boolean =>
      this.#requests.some((request) => request.tenant && request.shown.has(user));
    for (const user of this.#last.keys()) if (!byId.has(user) && !shown(user)) this.#last.delete(user);
  }
}
