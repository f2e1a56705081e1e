import type { Report } from '../../domain/absorb.ts';
import { deviceMask } from '../../domain/devices.ts';
import { wordsOf } from '../../domain/profile.ts';
import type { Entry } from '../presence-store.ts';

/** An entry in the store's time. @param clock - hybrid clock, µs: no claim may be stamped ahead of it. */
export const reportOf = (entry: Entry, now: number, clock: number): Report => {
  const moment = (ago: number): number => (ago < 0 ? 0 : now - Math.round(ago));
  return {
    count: entry.count,
    act: moment(entry.activeAgo),
    idle: entry.idle,
    openedIdle: entry.openedIdle === true,
    opened: moment(entry.openedAgo),
    closed: moment(entry.closedAgo),
    graceMs: entry.graceMs,
    devices: deviceMask(entry.devices),
    words: {
      ...wordsOf({ name: entry.name, iat: entry.nameIat ?? entry.iat }),
      ...wordsOf({ groups: entry.groups, iat: entry.groupsIat ?? entry.iat }),
    },
    claim: entry.claim && { ...entry.claim, stamp: Math.min(entry.claim.stamp, clock) },
    known: entry.known && entry.known.ver > 0 ? entry.known : undefined,
  };
};
