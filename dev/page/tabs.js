const STALE_MS = 90_000;
const REPEAT_MS = 20_000;

/**
 * Tells the other tabs of this browser which connections are open here and which were just lost, so that each can show
 * the clock of a grace that another tab began. The service itself tells nobody of a grace: nothing has changed yet.
 */
export class Tabs {
  #channel = new BroadcastChannel('rollcall');
  #id = crypto.randomUUID();
  #others = new Map();
  #open = () => ({});

  /**
   * @param open - user → number of live connections in this tab
   * @param onLeft - `({ user, how, at, deadline })`: somebody's connection in another tab ended
   * @param onChange - the connections of another tab changed
   */
  constructor({ open, onLeft, onChange }) {
    this.#open = open;
    this.#channel.onmessage = ({ data }) => {
      if (data.open === undefined) this.#others.delete(data.tab);
      else this.#others.set(data.tab, { open: data.open, heard: Date.now() });
      if (data.ask) this.announce();
      if (data.left !== undefined) for (const left of data.left) onLeft(left);
      onChange();
    };
    this.announce({ ask: true });
    setInterval(() => this.announce(), REPEAT_MS);
  }

  announce(more = {}) {
    this.#channel.postMessage({ tab: this.#id, open: this.#open(), ...more });
  }

  /** The tab is closing: its connections go with it. */
  leave(left) {
    this.#channel.postMessage({ tab: this.#id, left });
  }

  /** Connections of a user in the other tabs. */
  elsewhere(user) {
    let count = 0;
    for (const { open, heard } of this.#others.values())
      if (Date.now() - heard < STALE_MS) count += open[user] ?? 0;
    return count;
  }
}
