import type { UserRef, View } from '../domain/model.ts';

type Source = (ref: UserRef) => View | undefined;

/**
 * The newest views that other parts of this node hold of users it does not hold itself: who watches somebody may be the
 * last to know what they were shown as. They are good for nothing but restoring a row that was lost.
 */
export class KnownViews {
  readonly #sources: Source[] = [];

  /** What is asked from now on. It answers at once, and makes nothing. */
  add(source: Source): void {
    this.#sources.push(source);
  }

  newest(ref: UserRef): View | undefined {
    let newest: View | undefined;
    for (const source of this.#sources) {
      const view = source(ref);
      if (view && view.ver > (newest?.ver ?? 0)) newest = view;
    }
    return newest;
  }
}
