const KEPT = 120;
/** Beyond this the difference is one of clocks, not of delivery. */
const CREDIBLE_MS = 60_000;

/**
 * What happened, newest first: transitions as the service told them, and notes of this page on what it did itself.
 * A transition is one entry however many devices here heard of it; each adds how long it took.
 */
export class History {
  entries = [];
  #byVersion = new Map();
  #ids = 0;

  transition(view, previous, late) {
    const key = `${view.user} ${view.ver}`;
    if (this.#byVersion.has(key)) return;
    const entry = { kind: 'transition', view, previous, late, at: view.ver / 1_000, heard: [] };
    this.#byVersion.set(key, entry);
    this.#add(entry, key);
  }

  /** A device was sent this version at `at` (ms). `ver` is the time of the transition in microseconds. */
  heard(view, node, at) {
    const entry = this.#byVersion.get(`${view.user} ${view.ver}`);
    if (entry === undefined) return;
    // One device's snapshot may overtake the news on its way to another.
    entry.late = false;
    const took = at - view.ver / 1_000;
    if (Math.abs(took) < CREDIBLE_MS) entry.heard.push({ node, took: Math.max(0, took) });
  }

  note(text, user) {
    this.#add({ kind: 'note', text, user, at: Date.now() });
  }

  #add(entry, key) {
    this.#ids += 1;
    this.entries.unshift(Object.assign(entry, { id: this.#ids, key }));
    for (const old of this.entries.splice(KEPT)) this.#byVersion.delete(old.key);
  }

  clear() {
    this.entries = [];
    this.#byVersion.clear();
  }
}
