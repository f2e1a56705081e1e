import type { DayMs } from '../../domain/clock.ts';
import type { PutOut } from '../../domain/place.ts';

/** A member, and since when they are shown. */
export type Listed = readonly [user: string, since: DayMs];

/** Of one partition: who is shown in each place, and when everybody was put out of one. */
export class PlaceIndex {
  readonly #members = new Map<string, Map<string, DayMs>>();
  readonly #putOut = new Map<string, PutOut>();

  /** @param since - 0: no longer. */
  list(tenant: string, place: string, user: string, since: DayMs): void {
    const key = placeKey(tenant, place);
    const members = this.#members.get(key) ?? new Map<string, DayMs>();
    if (since > 0) members.set(user, since);
    else members.delete(user);
    if (members.size > 0) this.#members.set(key, members);
    else this.#members.delete(key);
  }

  size(tenant: string, place: string): number {
    return this.#members.get(placeKey(tenant, place))?.size ?? 0;
  }

  /** Those who have been there longest first. */
  members(tenant: string, place: string): Listed[] {
    return [...(this.#members.get(placeKey(tenant, place)) ?? [])].sort(byAge);
  }

  putOut(tenant: string, place: string): PutOut | undefined {
    return this.#putOut.get(placeKey(tenant, place));
  }

  setPutOut(tenant: string, place: string, word: PutOut): void {
    this.#putOut.set(placeKey(tenant, place), word);
  }

  forgetPutOut(isOver: (word: PutOut) => boolean): void {
    for (const [key, word] of this.#putOut) if (isOver(word)) this.#putOut.delete(key);
  }
}

/** Users of one moment by the bytes of their ids. */
export const byAge = ([one, since]: Listed, [other, than]: Listed): number =>
  since - than || Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Tenants contain no colon. */
const placeKey = (tenant: string, place: string): string => `${tenant}:${place}`;
