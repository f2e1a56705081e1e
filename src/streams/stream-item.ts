import type { Transition } from '../domain/model.ts';
import type { PlaceTransition } from '../domain/place.ts';
import { forgottenEvent, transitionEvent } from '../protocol/event.ts';
import { placeEvent } from '../protocol/place-event.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { sseEvent } from './sse.ts';

/** Something that happened to a user, on its way to readers. */
export interface StreamItem {
  /** Log id, µs. */
  readonly id: number;
  readonly tenant: string;
  readonly user: string;
  /** Absent when the user was forgotten, and of places. */
  readonly transition?: Transition;
  readonly place?: PlaceTransition;
  /** As it goes out: the same for every reader, and made once. */
  readonly text: string;
}

class Item implements StreamItem {
  readonly id: number;
  readonly tenant: string;
  readonly user: string;
  readonly transition?: Transition;
  readonly place?: PlaceTransition;
  readonly #encode: () => object;
  readonly #onEncode: () => void;
  #text: string | undefined;

  constructor(
    id: number,
    { tenant, user }: { readonly tenant: string; readonly user: string },
    encode: () => object,
    onEncode: () => void,
    of: { readonly transition?: Transition; readonly place?: PlaceTransition } = {},
  ) {
    this.id = id;
    this.tenant = tenant;
    this.user = user;
    if (of.transition !== undefined) this.transition = of.transition;
    if (of.place !== undefined) this.place = of.place;
    this.#encode = encode;
    this.#onEncode = onEncode;
  }

  get text(): string {
    if (this.#text === undefined) {
      this.#onEncode();
      this.#text = sseEvent(this.place ? 'place' : 'transition', JSON.stringify(this.#encode()));
    }
    return this.#text;
  }
}

export const transitionItem = (id: number, transition: Transition, onEncode: () => void): StreamItem =>
  new Item(id, transition, () => transitionEvent(transition), onEncode, { transition });

export const placeItem = (id: number, place: PlaceTransition, onEncode: () => void): StreamItem =>
  new Item(id, place, () => placeEvent(place), onEncode, { place });

/** @returns `undefined` for what concerns nodes alone. */
export const itemOf = (entry: LogEntry, onEncode: () => void): StreamItem | undefined => {
  if (entry.kind === 'transition') return transitionItem(entry.id, entry.transition, onEncode);
  if (entry.kind === 'place') return placeItem(entry.id, entry.place, onEncode);
  const { id, command } = entry;
  if (command.type !== 'forget') return undefined;
  return new Item(id, command.ref, () => forgottenEvent(command.ref, id), onEncode);
};
