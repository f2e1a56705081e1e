const POLL_MS = 1_000;

/** The processes behind the page as the development server sees them: what happened to each, and its own figures. */
export class Nodes {
  list = [];
  /** Set while the development server does not answer. */
  unreachable = false;
  #onChange;
  #onReaped;

  /** @param onReaped - `(name, users)`: a node told that it cleared people of a dead one */
  constructor({ onChange, onReaped }) {
    this.#onChange = onChange;
    this.#onReaped = onReaped;
  }

  start() {
    setInterval(() => {
      // Nobody looks: the server need not ask three nodes for it.
      if (!document.hidden) void this.refresh();
    }, POLL_MS);
    void this.refresh();
  }

  async refresh() {
    try {
      const { nodes } = await (await fetch('nodes')).json();
      this.#compare(nodes);
      this.list = nodes;
      this.unreachable = false;
    } catch {
      this.unreachable = true;
    }
    this.#onChange();
  }

  #compare(nodes) {
    for (const node of nodes) {
      const before = this.list.find(({ index }) => index === node.index);
      const more = (node.reaped ?? 0) - (before?.reaped ?? node.reaped ?? 0);
      if (more > 0 && before.pid === node.pid) this.#onReaped(node.name, more);
    }
  }

  /** Some node is killed or paused, and what follows is still to come. */
  hurt(bound) {
    return this.list.some(
      ({ state, since }) => (state === 'killed' || state === 'paused') && Date.now() - since < bound,
    );
  }

  async stateOf(index) {
    await this.refresh();
    return this.list.find((node) => node.index === index)?.state;
  }

  /** @param action - `kill`, `start`, `pause`, `resume` */
  async act(index, action) {
    try {
      await fetch(`nodes/${index}/${action}`, { method: 'POST' });
    } catch {
      this.unreachable = true;
    }
    await this.refresh();
  }
}
