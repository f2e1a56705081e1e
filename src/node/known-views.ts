import type { UserRef, View } from '../domain/model.ts';

type Source = (ref: UserRef) => View | undefined;

/**
 * The newest views that other parts of this node have of users without a connection here: a watcher may be the last
 * to know what a user was shown as. They serve only to restore a row that was lost.
 */
export class KnownViews {
  readonly #sources: Source[] = [];

  /** Sets the source that is asked from now on. It answers at once, and creates nothing. */
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
