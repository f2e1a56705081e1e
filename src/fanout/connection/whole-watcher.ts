import { goneFrame } from '../../protocol/server-frames.ts';
import type { Sink, Watcher, WatchRequest } from '../fanout.ts';
import type { Viewer } from '../visibility.ts';
import { ConnectionWatcher } from './connection-watcher.ts';
import { type PlacesNode, PlaceWatches } from './place-watches.ts';

const NONE: ReadonlySet<string> = new Set();

/** All that one connection watches: people, places and numbers. */
export class WholeWatcher implements Watcher {
  readonly #people: ConnectionWatcher;
  readonly #sink: Sink;
  readonly #shared: PlacesNode;
  readonly #tenant: string;
  #viewer: Viewer;
  /** Made with the first watch of a place or number: most connections watch none. */
  #places: PlaceWatches | undefined;
  #closed = false;

  constructor(tenant: string, sink: Sink, viewer: Viewer, shared: PlacesNode) {
    this.#tenant = tenant;
    this.#sink = sink;
    this.#viewer = viewer;
    this.#shared = shared;
    this.#people = new ConnectionWatcher(tenant, sink, viewer, shared.node, () => this.#places?.size ?? 0);
  }

  get watching(): Watcher['watching'] {
    return this.#people.watching;
  }

  get watchedPlaces(): ReadonlySet<string> {
    return this.#places?.places ?? NONE;
  }

  followsPlace(place: string): boolean {
    return this.#places?.follows(place) === true;
  }

  async watch(request: WatchRequest, ref?: string): Promise<void> {
    const { users, groups, tenant, places, count } = request;
    if (places === undefined && count !== true) return this.#people.watch(request, ref);
    if (this.#closed) return;
    this.#places ??= new PlaceWatches(this.#tenant, this.#sink, this.#viewer, this.#shared);
    const wanted = (places?.length ?? 0) + (count === true ? (groups?.length ?? 0) + (tenant ? 1 : 0) : 0);
    this.#people.checkRoom(wanted);
    const prepared = await this.#places.prepare(request, ref, this.#people.person);
    const isOfPeople = count !== true && (users !== undefined || groups !== undefined || tenant === true);
    try {
      if (isOfPeople) await this.#people.watch(request, ref);
    } catch (error) {
      prepared.abandon();
      throw error;
    }
    prepared.begin();
  }

  unwatch(request: WatchRequest): void {
    this.#places?.unwatch(request);
    if (request.count !== true) this.#people.unwatch(request);
  }

  dropPlaces(isDropped: (place: string) => boolean): string[] {
    return this.#places?.drop(isDropped) ?? [];
  }

  allow(viewer: Viewer): void {
    this.#viewer = viewer;
    const watched = this.#people.watching.groups;
    this.#people.allow(viewer);
    const lost = (this.#places?.allow(viewer) ?? []).filter((group) => !watched.has(group));
    if (lost.length > 0) this.#people.say(goneFrame({ groups: lost }));
  }

  drained(): void {
    this.#people.drained();
    this.#places?.drained();
  }

  close(): void {
    this.#closed = true;
    this.#people.close();
    this.#places?.close();
  }
}
