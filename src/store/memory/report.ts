import type { Report } from '../../domain/absorb.ts';
import type { HybridMicros, StoreMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import type { PlaceSaid } from '../../domain/place-report.ts';
import { profileOf } from '../../domain/profile.ts';
import type { Entry, PlaceReport } from '../port/reports.ts';

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
    ...(entry.idleDevices && { idleDevices: deviceMask(entry.idleDevices) }),
    profile: {
      ...profileOf({ name: entry.name, iat: entry.nameIat ?? entry.iat }),
      ...profileOf({ groups: entry.groups, iat: entry.groupsIat ?? entry.iat }),
    },
    claim: entry.claim && { ...entry.claim, stamp: Math.min(entry.claim.stamp, order + 1) },
    note: entry.note && { ...entry.note, stamp: Math.min(entry.note.stamp, order + 1) },
    known: entry.known && entry.known.ver > 0 ? entry.known : undefined,
    ...(entry.places && { places: entry.places.map((place) => placeOf(place, moment, order)) }),
  };
};

const placeOf = (
  { place, enteredAgo, issued, known, ...said }: PlaceReport,
  moment: (ago: number) => StoreMs,
  order: HybridMicros,
): PlaceSaid => ({
  place,
  enteredAt: moment(enteredAgo),
  data: said.data,
  stamp: stampOf(said.data, said.stamp, order),
  closedAt: moment(said.closedAgo ?? -1),
  graceMs: said.graceMs ?? 0,
  closedData: said.closedData,
  closedStamp: stampOf(said.closedData, said.closedStamp, order),
  leftAt: moment(said.leftAgo ?? -1),
  issued,
  known,
});

/** Data that were said count as such, also where their moment is not known. */
const stampOf = (data: string | undefined, stamp = 1, order: HybridMicros): HybridMicros =>
  data === undefined ? 0 : Math.max(1, Math.min(stamp, order + 1));
