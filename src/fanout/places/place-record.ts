import type { PlaceMember } from '../../domain/place.ts';
import { encodeLeft, encodeMember } from '../../protocol/encode-place.ts';

/** One person in a watched place, or one who has just left it, until every connection was sent that. */
export class PlaceRecord {
  readonly user: string;
  /** The newest change; 0 for none. */
  ver = 0;
  /** As others see them; absent for a user who left. */
  member: PlaceMember | undefined;
  leftAt = 0;
  /** Place in the order of changes; see `PlaceStream`. */
  seq = 0;
  #json: string | undefined;

  constructor(user: string) {
    this.user = user;
  }

  enter(member: PlaceMember): void {
    this.ver = member.ver;
    this.member = member;
    this.#json = undefined;
  }

  leave(at: number, ver: number): void {
    this.ver = ver;
    this.member = undefined;
    this.leftAt = at;
    this.#json = undefined;
  }

  /** Groups change without any change that is shown. */
  regroup(groups: readonly string[]): void {
    if (this.member !== undefined) this.member = { ...this.member, groups };
  }

  get json(): string {
    this.#json ??=
      this.member === undefined ? encodeLeft(this.user, this.leftAt, this.ver) : encodeMember(this.member);
    return this.#json;
  }
}
