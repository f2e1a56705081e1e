import type { UserRef } from '../../../src/domain/model.ts';
import type { PlaceMember } from '../../../src/domain/place.ts';
import type { CallerProfile } from '../../../src/store/port/people.ts';
import type { PlacePage, Places, PlaceTop } from '../../../src/store/port/places.ts';

type Answer = <T>(name: string, args: unknown[], make: () => T) => Promise<T>;

/** The role of places as HTTP and streams use it; each call is remembered. */
export class FakePlaces implements Places {
  readonly #answer: Answer;
  nextPage: PlacePage = { users: [], total: 0 };
  /** By place. */
  readonly totals = new Map<string, number>();
  /** Of every session. */
  held: readonly string[] = [];

  constructor(answer: Answer = async (_name, _args, make) => make()) {
    this.#answer = answer;
  }

  members(tenant: string, place: string): Promise<readonly PlaceMember[]> {
    return this.#answer('places.members', [tenant, place], () => this.nextPage.users);
  }

  top(tenant: string, place: string): Promise<PlaceTop> {
    return this.#answer('places.top', [tenant, place], () => this.nextPage);
  }

  page(tenant: string, place: string, limit: number, cursor?: string): Promise<PlacePage> {
    return this.#answer('places.page', [tenant, place, limit, cursor], () => this.nextPage);
  }

  counts(tenant: string, places: readonly string[]): Promise<readonly number[]> {
    return this.#answer('places.counts', [tenant, places], () =>
      places.map((place) => this.totals.get(place) ?? 0),
    );
  }

  of(ref: UserRef): Promise<readonly string[]> {
    return this.#answer('places.of', [ref], () => this.held);
  }

  enter(
    ref: UserRef,
    session: string,
    place: string,
    data: string | undefined,
    profile: CallerProfile,
  ): Promise<readonly string[]> {
    return this.#answer('places.enter', [ref, session, place, data, profile], () => [...this.held, place]);
  }

  leave(ref: UserRef, session: string, place: string): Promise<void> {
    return this.#answer('places.leave', [ref, session, place], () => undefined);
  }

  ofSession(ref: UserRef, session: string): Promise<readonly string[]> {
    return this.#answer('places.ofSession', [ref, session], () => this.held);
  }

  putOut(tenant: string, place: string, user?: string): Promise<void> {
    return this.#answer(
      'places.putOut',
      user === undefined ? [tenant, place] : [tenant, place, user],
      () => undefined,
    );
  }
}
