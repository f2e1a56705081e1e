const differs = (a, b) =>
  a.status !== b.status ||
  a.text !== b.text ||
  a.emoji !== b.emoji ||
  a.until !== b.until ||
  JSON.stringify(a.note) !== JSON.stringify(b.note);

/**
 * Everyone this page knows of: the newest view of each user that any of its devices was sent. `ver` alone decides what
 * is newer, so it does not matter which node said it, or in which order.
 */
export class People {
  #views = new Map();

  get all() {
    return [...this.#views.values()];
  }

  get(user) {
    return this.#views.get(user);
  }

  /**
   * Takes one presence object.
   * @returns what it replaced when others' view of the user changed with it: `{ previous }`; else `undefined`
   */
  accept(view, snapshot) {
    const held = this.#views.get(view.user);
    // Nothing is known of the user any more, as after a restart of a store that forgets.
    if (view.ver === 0) {
      if (snapshot) this.forget([view.user]);
      return undefined;
    }
    if (held !== undefined && held.ver >= view.ver) {
      // A snapshot of the same version has the newer devices and last activity.
      if (snapshot && held.ver === view.ver)
        this.#views.set(view.user, { ...view, name: view.name ?? held.name });
      return undefined;
    }
    this.#views.set(view.user, { ...view, name: view.name ?? held?.name });
    return held === undefined || differs(held, view) ? { previous: held } : undefined;
  }

  /** Whom a complete snapshot of everyone present left out though they are held as present. */
  missingFrom(users) {
    return this.all
      .filter(({ user, status }) => status !== 'offline' && !users.has(user))
      .map(({ user }) => user);
  }

  forget(users) {
    for (const user of users) this.#views.delete(user);
  }

  clear() {
    this.#views.clear();
  }
}
