import { sameAdornment } from '../../domain/adornment.ts';
import type { Transition, View } from '../../domain/model.ts';

/** One version of what others see of a user, with its encoded forms once they were needed. */
export interface ViewRecord {
  readonly view: View;
  /** From a read or a command, with all groups of the user. */
  readonly isRead: boolean;
  /** When the transition was made, ms by the store's clock; 0 when this was read. */
  readonly madeAt: number;
  json: string | undefined;
  frame: Buffer | undefined;
}

/** Whether two views of one version look the same to who is sent them. */
export const sameView = (one: View, other: View): boolean =>
  one.status === other.status &&
  one.since === other.since &&
  one.name === other.name &&
  one.lastSeen === other.lastSeen &&
  one.text === other.text &&
  one.emoji === other.emoji &&
  one.until === other.until &&
  sameAdornment(one.note ?? {}, other.note ?? {}) &&
  one.devices.length === other.devices.length &&
  one.devices.every((device, at) => device === other.devices[at]);

export const readRecord = (view: View): ViewRecord => ({
  view,
  isRead: true,
  madeAt: 0,
  json: undefined,
  frame: undefined,
});

/** @param id - place in the log, µs of the store's clock. */
export const transitionRecord = (transition: Transition, id: number): ViewRecord => ({
  view: viewOf(transition),
  isRead: false,
  madeAt: id / 1000,
  json: undefined,
  frame: undefined,
});

/** Without what only events carry: groups of a thousand users would outweigh their views. */
const viewOf = (made: Transition): View => ({
  user: made.user,
  status: made.status,
  since: made.since,
  ver: made.ver,
  ...(made.lastSeen !== undefined && { lastSeen: made.lastSeen }),
  ...(made.name !== undefined && { name: made.name }),
  ...(made.text !== undefined && { text: made.text }),
  ...(made.emoji !== undefined && { emoji: made.emoji }),
  ...(made.until !== undefined && { until: made.until }),
  ...(made.note !== undefined && { note: made.note }),
  devices: made.devices,
});
