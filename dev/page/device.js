import { Connection } from './connection.js';
import { ROOM } from './room.js';

const WATCH_AGAIN_MS = 2_000;
const ACTIVITY_EVERY_MS = 20_000;

const post = async (path, body) => {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
};

/** Everyone's changes: what a device asks for as soon as it is signed in. */
const WATCH = 'everyone';

/**
 * One signed-in device of this page: a connection, the watch on everyone, and the person's own claim.
 *
 * `app` is told: `presence(device, frame)`, `snapshot(device, users)` once one is complete, `gone(device, frame)`,
 * `arrived(device)`, `left(device, how)`, `changed()`.
 */
export class Device {
  /** `asking`, `watching`, or an error `{ message }`. */
  watch = 'asking';
  idle = false;
  /** The person's own claim as last known; `null` for none, `undefined` while unknown. */
  claim;
  invisible = false;
  /** The node of the present or last try. */
  at;
  #token;
  #listed = new Set();
  #activeAt = 0;
  /** The colour with which it is in the room; `undefined` while it is not. */
  color;

  /** @param node - the index of the only node it uses, or `undefined` for any */
  constructor({ id, user, name, kind, node, color, nodes, app }) {
    Object.assign(this, { id, user, name, kind, node, color, nodes, app });
    this.first = Math.floor(Math.random() * nodes.length);
    this.connection = new Connection({
      target: (attempt) => this.#target(attempt),
      getToken: async () => {
        const { token } = await post('token', { user, name });
        this.#token = token;
        return token;
      },
      on: {
        frame: (frame) => this.#frame(frame),
        change: () => app.changed(this),
        left: (how) => {
          // Whoever may go anywhere leaves the node that let it down.
          this.first += 1;
          app.left(this, how);
        },
      },
    });
  }

  get live() {
    return this.connection.phase === 'live';
  }

  #target(attempt) {
    this.at =
      this.nodes.find(({ index }) => index === this.node) ??
      this.nodes[(this.first + attempt) % this.nodes.length];
    return `ws://${location.hostname}:${this.at.port}/v1/ws?device=${this.kind}`;
  }

  #frame(frame) {
    if (frame.type === 'welcome') this.#welcomed(frame);
    else if (frame.type === 'presence') this.#presence(frame);
    else if (frame.type === 'place') this.app.place(frame);
    else if (frame.type === 'degraded' && !frame.on) void this.loadClaim();
    else if (frame.type === 'gone') this.app.gone(this, frame);
    else if (frame.type === 'error' && frame.ref === WATCH) this.#watchFailed(frame);
  }

  #welcomed({ self }) {
    this.invisible = self?.invisible === true;
    this.app.arrived(this);
    if (this.idle) this.connection.send({ type: 'activity', state: 'idle' });
    this.#watch();
    this.connection.send({ type: 'watch', places: [ROOM], ref: ROOM });
    if (this.color !== undefined) this.enter(this.color);
    void this.loadClaim();
  }

  /** Into the room, or there with another colour. */
  enter(color) {
    this.color = color;
    this.connection.send({ type: 'enter', place: ROOM, data: { color } });
    this.app.moved();
  }

  leaveRoom() {
    this.color = undefined;
    this.connection.send({ type: 'leave', place: ROOM });
    this.app.moved();
  }

  #watch() {
    this.#listed.clear();
    this.watch = 'asking';
    this.connection.send({ type: 'watch', tenant: true, ref: WATCH });
  }

  #watchFailed({ code, message }) {
    this.watch = { message };
    if (code !== 'unavailable') return;
    setTimeout(() => {
      if (this.live && this.watch !== 'watching') this.#watch();
    }, WATCH_AGAIN_MS);
  }

  #presence(frame) {
    this.app.presence(this, frame);
    if (frame.ref !== WATCH) return;
    for (const { user } of frame.users) this.#listed.add(user);
    if (frame.more) return;
    this.watch = 'watching';
    this.app.snapshot(this, this.#listed);
    this.app.changed(this);
  }

  /** Asks about single people: the answer comes as a snapshot of them. */
  ask(users) {
    this.connection.send({ type: 'watch', users, ref: 'single' });
  }

  /** The person's own claim over HTTP: what others see does not tell it, and another device may have changed it. */
  async loadClaim() {
    try {
      const response = await fetch(`http://${location.hostname}:${this.at.port}/v1/presence/me`, {
        headers: { authorization: `Bearer ${this.#token}` },
      });
      if (!response.ok) return;
      const me = await response.json();
      this.claim = me.claim ?? null;
      this.invisible = me.invisible === true;
      this.app.changed(this);
    } catch {
      // The form keeps what it shows; the next change asks again.
    }
  }

  /** @returns the answer frame: `ack` or `error` */
  async setStatus(claim) {
    const answer = await this.connection.request({ type: 'status', ...claim });
    if (answer.type === 'ack') {
      this.claim = claim.status === null ? null : claim;
      this.invisible = claim.status === 'invisible';
      this.app.claimed(this);
    }
    return answer;
  }

  setIdle(idle) {
    this.idle = idle;
    this.#activeAt = Date.now();
    this.connection.send({ type: 'activity', state: idle ? 'idle' : 'active' });
    this.app.changed(this);
  }

  /** The person touched something of this device. */
  touched() {
    if (this.idle || Date.now() - this.#activeAt < ACTIVITY_EVERY_MS) return;
    this.#activeAt = Date.now();
    this.connection.send({ type: 'activity', state: 'active' });
  }
}
