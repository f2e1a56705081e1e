import type { Transition } from '../domain/model.ts';
import { forgottenEvent, transitionEvent } from '../protocol/event.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { sseEvent } from './sse.ts';

/** Something that happened to a user, on its way to readers. */
export interface StreamItem {
  /** Log id, µs. */
  readonly id: number;
  readonly tenant: string;
  readonly user: string;
  /** Absent when the user was forgotten. */
  readonly transition?: Transition;
  /** As it goes out: the same for every reader, and made once. */
  readonly text: string;
}

class Item implements StreamItem {
  readonly id: number;
  readonly tenant: string;
  readonly user: string;
  readonly transition?: Transition;
  readonly #encode: () => object;
  readonly #onEncode: () => void;
  #text: string | undefined;

  constructor(
    id: number,
    { tenant, user }: { readonly tenant: string; readonly user: string },
    encode: () => object,
    onEncode: () => void,
    transition?: Transition,
  ) {
    this.id = id;
    this.tenant = tenant;
    this.user = user;
    if (transition !== undefined) this.transition = transition;
    this.#encode = encode;
    this.#onEncode = onEncode;
  }

  get text(): string {
    if (this.#text === undefined) {
      this.#onEncode();
      this.#text = sseEvent('transition', JSON.stringify(this.#encode()));
    }
    return this.#text;
  }
}

export const transitionItem = (id: number, transition: Transition, onEncode: () => void): StreamItem =>
  new Item(id, transition, () => transitionEvent(transition), onEncode, transition);

/** @returns `undefined` for what concerns nodes alone. */
export const itemOf = (entry: LogEntry, onEncode: () => void): StreamItem | undefined => {
  if (entry.kind === 'transition') return transitionItem(entry.id, entry.transition, onEncode);
  if (entry.kind === 'place') return undefined;
  const { id, command } = entry;
  if (command.type !== 'forget') return undefined;
  return new Item(id, command.ref, () => forgottenEvent(command.ref, id), onEncode);
};
