import type { Adornment, Status, View } from '../domain/model.ts';

/** The presence object `P` as clients get it, over sockets and HTTP alike. Times are RFC 3339 in UTC with milliseconds. */
export interface Presence {
  readonly user: string;
  readonly status: Status;
  readonly since?: string;
  readonly ver: number;
  readonly lastSeen?: string;
  readonly name?: string;
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
  readonly note?: NoteShown;
  readonly devices?: readonly string[];
}

/** The same as services and the person themselves read it over HTTP. */
export interface ReadPresence extends Presence {
  /** Kinds of device in use. */
  readonly active?: readonly string[];
}

/** A note as others are shown it. */
export interface NoteShown {
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();

export const noteShown = ({ text, emoji, until }: Adornment): NoteShown => ({
  ...(text !== undefined && { text }),
  ...(emoji !== undefined && { emoji }),
  ...(until !== undefined && { until: isoTime(until) }),
});

/** The public form of a view. Views already carry `since` and `lastSeen` at the precision that may be shown. */
export const presenceOf = (view: View): Presence => ({
  user: view.user,
  status: view.status,
  ...(view.since > 0 && { since: isoTime(view.since) }),
  ver: view.ver,
  ...(view.lastSeen !== undefined && { lastSeen: isoTime(view.lastSeen) }),
  ...(view.name !== undefined && { name: view.name }),
  ...(view.note !== undefined && { note: noteShown(view.note) }),
  ...(view.status !== 'offline' && {
    ...(view.text !== undefined && { text: view.text }),
    ...(view.emoji !== undefined && { emoji: view.emoji }),
    ...(view.until !== undefined && { until: isoTime(view.until) }),
    devices: view.devices,
  }),
});

/** The public form of a view whose kinds of device in use were read with it. No frame may carry it. */
export const readPresenceOf = (view: View): ReadPresence => ({
  ...presenceOf(view),
  ...(view.status !== 'offline' && view.active !== undefined && { active: view.active }),
});
