import type { Report } from '../../domain/absorb.ts';
import type { HybridMicros, StoreMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { profileOf } from '../../domain/profile.ts';
import type { Entry } from '../port/reports.ts';

/** An entry in the store's time. @param order - no claim may be stamped more than a moment ahead of it. */
export const reportOf = (entry: Entry, now: StoreMs, order: HybridMicros): Report => {
  const moment = (ago: number): StoreMs => (ago < 0 ? 0 : now - Math.round(ago));
  return {
    count: entry.count,
    activeAt: moment(entry.activeAgo),
    idle: entry.idle,
    openedIdle: entry.openedIdle === true,
    isRevoked: entry.isRevoked === true,
    openedAt: moment(entry.openedAgo),
    closedAt: moment(entry.closedAgo),
    watchedAt: moment(entry.watchedAgo ?? -1),
    graceMs: entry.graceMs,
    devices: deviceMask(entry.devices),
    profile: {
      ...profileOf({ name: entry.name, iat: entry.nameIat ?? entry.iat }),
      ...profileOf({ groups: entry.groups, iat: entry.groupsIat ?? entry.iat }),
    },
    claim: entry.claim && { ...entry.claim, stamp: Math.min(entry.claim.stamp, order + 1) },
    note: entry.note && { ...entry.note, stamp: Math.min(entry.note.stamp, order + 1) },
    known: entry.known && entry.known.ver > 0 ? entry.known : undefined,
  };
};
