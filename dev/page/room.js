/** The one place of this page: every user of the page sees who is in it. */
export const ROOM = 'room';

/** Colours to begin with; a person picks another one. */
const COLORS = ['#c2410c', '#0f766e', '#6d28d9', '#be185d', '#1d4ed8', '#4d7c0f'];
export const colorOf = (user) =>
  COLORS[[...user].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % COLORS.length];

/** Data comes from other clients: what is no colour is shown as none. */
const isColor = (color) => /^#[0-9a-f]{6}$/i.test(color ?? '');

/** Who is in the room, as the devices of this page were sent it. */
export class Room {
  #members = new Map();
  /** Members named by the snapshot under way. */
  #listed = new Set();

  /** Members by the time at which they came. */
  get members() {
    return [...this.#members.values()].sort((a, b) => (a.since < b.since ? -1 : 1));
  }

  accept({ users = [], left = [], snapshot, more }) {
    for (const { user, name = user, data, since = '', ver } of users) {
      if (snapshot) this.#listed.add(user);
      if (ver <= (this.#members.get(user)?.ver ?? 0)) continue;
      this.#members.set(user, {
        user,
        name,
        since,
        ver,
        color: isColor(data?.color) ? data.color : undefined,
      });
    }
    for (const { user, ver } of left) {
      if (ver > (this.#members.get(user)?.ver ?? 0)) this.#members.delete(user);
    }
    if (!snapshot || more) return;
    for (const user of this.#members.keys()) if (!this.#listed.has(user)) this.#members.delete(user);
    this.#listed.clear();
  }

  clear() {
    this.#members.clear();
    this.#listed.clear();
  }
}
