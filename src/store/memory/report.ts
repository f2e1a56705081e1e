import type { Report } from '../../domain/absorb.ts';
import type { HybridMicros, StoreMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { wordsOf } from '../../domain/profile.ts';
import type { Entry } from '../presence-store.ts';

/** An entry in the store's time. @param order - no claim may be stamped more than a moment ahead of it. */
export const reportOf = (entry: Entry, now: StoreMs, order: HybridMicros): Report => {
  const moment = (ago: number): StoreMs => (ago < 0 ? 0 : now - Math.round(ago));
  return {
    count: entry.count,
    act: moment(entry.activeAgo),
    idle: entry.idle,
    openedIdle: entry.openedIdle === true,
    opened: moment(entry.openedAgo),
    closed: moment(entry.closedAgo),
    watched: moment(entry.watchedAgo ?? -1),
    graceMs: entry.graceMs,
    devices: deviceMask(entry.devices),
    words: {
      ...wordsOf({ name: entry.name, iat: entry.nameIat ?? entry.iat }),
      ...wordsOf({ groups: entry.groups, iat: entry.groupsIat ?? entry.iat }),
    },
    claim: entry.claim && { ...entry.claim, stamp: Math.min(entry.claim.stamp, order + 1) },
    known: entry.known && entry.known.ver > 0 ? entry.known : undefined,
  };
};
