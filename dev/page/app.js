import { Device } from './device.js';
import { Graces } from './graces.js';
import { History } from './history.js';
import { People } from './people.js';
import { Room } from './room.js';
import { Tabs } from './tabs.js';
import { countdown, span } from './time.js';

const SAVED = 'rollcall.devices';

const LEFT = {
  dropped: 'dropped the connection without a goodbye',
  closed: 'closed a tab',
  lost: 'lost the connection',
  drained: 'was asked to move: the node is going away',
  silent: 'is on a node that does not answer',
};

/** What this tab knows and does; the views only show it. */
export class App {
  devices = [];
  people = new People();
  room = new Room();
  graces = new Graces();
  history = new History();
  #ids = 0;
  /** The first snapshot is the state of things, a later one tells what was missed. */
  #seeded = false;

  /**
   * @param config - of the page server: nodes, periods, whether there are buttons for nodes
   * @param nodeState - `(index) => Promise<state>` of a node's process, for telling a crash from a lost connection
   * @param onChange - something worth showing changed
   * @param onEmpty - the last device was removed
   */
  constructor({ config, nodeState, onChange, onEmpty }) {
    Object.assign(this, { config, nodeState, onChange, onEmpty });
    this.tabs = new Tabs({
      open: () => this.#open(),
      onLeft: (left) => this.#lost(left),
      onChange: () => this.#othersChanged(),
    });
    addEventListener('pagehide', () => this.#close());
  }

  // -- devices

  add({ user, name, kind, node, color }) {
    this.#ids += 1;
    const device = new Device({
      id: this.#ids,
      user,
      name,
      kind,
      node,
      color,
      nodes: this.config.nodes,
      app: this,
    });
    this.devices.push(device);
    device.connection.connect();
    this.#save();
    return device;
  }

  remove(device) {
    device.connection.bye();
    this.devices = this.devices.filter((one) => one !== device);
    if (this.devices.length === 0) {
      this.people.clear();
      this.room.clear();
      this.#seeded = false;
      this.onEmpty();
    }
    this.#save();
    this.onChange();
  }

  /** After a reload the same devices come back: within the grace, so that nobody else notices. */
  restore() {
    try {
      for (const saved of JSON.parse(sessionStorage.getItem(SAVED) ?? '[]')) this.add(saved);
    } catch {
      sessionStorage.removeItem(SAVED);
    }
  }

  /** A device entered the room, left it or changed its colour: a reload brings it back there. */
  moved() {
    this.#save();
    this.onChange();
  }

  #save() {
    const kept = this.devices.map(({ user, name, kind, node, color }) => ({ user, name, kind, node, color }));
    sessionStorage.setItem(SAVED, JSON.stringify(kept));
  }

  /** Some device here hears of changes. */
  get seeing() {
    return this.devices.some(({ live }) => live);
  }

  /** A clock on the page moves by tenths of a second. */
  get ticking() {
    return (
      this.graces.running ||
      this.devices.some(
        ({ connection }) => connection.phase === 'waiting' || connection.silentSince !== undefined,
      )
    );
  }

  // -- told by the devices

  presence(device, { users, snapshot }) {
    const at = Date.now();
    for (const view of users) {
      const change = this.people.accept(view, snapshot);
      if (change !== undefined && (!snapshot || this.#seeded))
        this.#record(view, change.previous, snapshot, at);
      if (!snapshot) this.history.heard(view, device.at.name, at);
      if (change !== undefined) this.#reloadClaims(view.user);
    }
    this.onChange();
  }

  #record(view, previous, late, at) {
    this.history.transition(view, previous, late);
    if (view.status !== 'offline') return;
    const clock = this.graces.end(view.user);
    if (clock !== undefined && clock.how !== 'silent')
      this.history.note(`Offline ${countdown(at - clock.at)} after the connection was lost.`, view.user);
  }

  /** Another device, or the end of a status, may have changed what the forms show. */
  #reloadClaims(user) {
    for (const device of this.devices) if (device.user === user && device.live) void device.loadClaim();
  }

  snapshot(device, users) {
    this.#seeded = true;
    const missing = this.people.missingFrom(users);
    if (missing.length > 0) device.ask(missing);
  }

  place(frame) {
    this.room.accept(frame);
    this.onChange();
  }

  gone(device, { users, tenant }) {
    if (users !== undefined) this.people.forget(users);
    if (tenant) device.watch = { message: 'This person may no longer watch everyone.' };
  }

  arrived(device) {
    this.#returned(device.user);
    this.tabs.announce();
  }

  claimed(device) {
    for (const other of this.devices)
      if (other !== device && other.user === device.user)
        Object.assign(other, { claim: device.claim, invisible: device.invisible });
    this.onChange();
  }

  changed(device) {
    const { silentSince } = device.connection;
    const clock = this.graces.of(device.user, Date.now());
    if (silentSince !== undefined && clock === undefined)
      this.#lost({
        user: device.user,
        name: device.name,
        how: 'silent',
        at: silentSince,
        deadline: silentSince + this.bound,
        bound: true,
      });
    if (silentSince === undefined && clock?.how === 'silent' && device.live) this.graces.end(device.user);
    this.onChange();
  }

  async left(device, how) {
    const at = Date.now();
    if (how === 'goodbye') {
      this.tabs.announce();
      return;
    }
    const { graceMs, drainGraceMs } = this.config.timing;
    const state = how === 'lost' && this.config.controls ? await this.nodeState(device.at.index) : undefined;
    const crashed = state === 'killed' || state === 'died';
    const period = crashed ? this.bound : how === 'drained' ? drainGraceMs : graceMs;
    const left = { user: device.user, name: device.name, how, at, deadline: at + period, bound: crashed };
    this.#lost(left);
    this.tabs.announce({ left: [left] });
  }

  // -- the clocks of graces

  /** The longest a crash stays unseen: the lease, or one heartbeat and the grace, and two rounds of the reaper. */
  get bound() {
    const { graceMs, heartbeatTtlMs, heartbeatIntervalMs, reapIntervalMs } = this.config.timing;
    return Math.max(heartbeatTtlMs, heartbeatIntervalMs + graceMs) + 2 * reapIntervalMs;
  }

  #lost({ user, name, how, at, deadline, bound }) {
    const others = this.#openHere(user, how === 'silent') + this.tabs.elsewhere(user);
    const seen = this.people.get(user);
    if (others > 0) {
      this.history.note(`${name} ${LEFT[how]}. Another connection of theirs is open: nothing changes.`, user);
    } else if (seen !== undefined && seen.status !== 'offline') {
      const clock = bound ? `within ${span(deadline - at)}` : `in ${span(deadline - at)}`;
      this.history.note(`${name} ${LEFT[how]}: offline ${clock}, unless they return.`, user);
      this.graces.begin({ user, how, at, deadline, bound });
    }
    this.onChange();
  }

  #returned(user) {
    const clock = this.graces.end(user);
    if (clock === undefined || clock.how === 'silent') return;
    const name = this.people.get(user)?.name ?? user;
    this.history.note(
      `${name} is back after ${countdown(Date.now() - clock.at)}: nobody was told anything.`,
      user,
    );
  }

  #othersChanged() {
    for (const { user } of this.people.all)
      if (this.graces.of(user, Date.now()) !== undefined && this.tabs.elsewhere(user) > 0)
        this.#returned(user);
    this.onChange();
  }

  #openHere(user, answering) {
    return this.devices.filter(
      (device) =>
        device.user === user && device.live && !(answering && device.connection.silentSince !== undefined),
    ).length;
  }

  #open() {
    const open = {};
    for (const { live, user } of this.devices) if (live) open[user] = (open[user] ?? 0) + 1;
    return open;
  }

  #close() {
    const at = Date.now();
    const left = Object.keys(this.#open()).map((user) => {
      const { name } = this.devices.find((device) => device.user === user);
      return { user, name, how: 'closed', at, deadline: at + this.config.timing.graceMs };
    });
    this.tabs.leave(left);
  }
}
