import type { Note, Presence } from '../protocol/frames.ts';
import type { OwnClaim, PlaceData, PlaceMember } from '../types.ts';

type Own = { claim?: OwnClaim | undefined; note?: Note | undefined };

/** Who is how, and where: the state of the fake service, without rules of time. */
export class FakeStore {
  readonly presences: Map<string, Presence> = new Map();
  readonly own: Map<string, Own> = new Map();
  readonly groups: Map<string, Set<string>> = new Map();
  readonly places: Map<string, Map<string, PlaceMember>> = new Map();
  #ver = 0;

  get nextVer(): number {
    this.#ver += 1;
    return this.#ver;
  }

  presence(user: string): Presence {
    return this.presences.get(user) ?? { user, status: 'offline', ver: 0 };
  }

  /** What others see of a person: what the person has set, if they are there. */
  evaluate(user: string, isThere: boolean): Presence {
    const { claim, note } = this.own.get(user) ?? {};
    const said = claim?.status ?? 'online';
    const status = isThere && said !== 'invisible' ? said : 'offline';
    const { text, emoji, until } = (status !== 'offline' && claim) || {};
    const presence: Presence = {
      user,
      status,
      since: new Date().toISOString(),
      ver: this.nextVer,
      ...(text !== undefined && { text }),
      ...(emoji !== undefined && { emoji }),
      ...(until !== undefined && { until }),
      ...(note && { note }),
    };
    this.presences.set(user, presence);
    return presence;
  }

  put(place: string, user: string, data: PlaceData | undefined): PlaceMember {
    const members = this.places.get(place) ?? new Map<string, PlaceMember>();
    const since = members.get(user)?.since ?? new Date().toISOString();
    const member: PlaceMember = { user, since, ver: this.nextVer, ...(data && { data }) };
    this.places.set(place, members.set(user, member));
    return member;
  }
}
