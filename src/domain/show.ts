import { saysSomething } from './adornment.ts';
import { deviceList } from './devices.ts';
import type { View } from './model.ts';
import { devicesOf, knownActive, type Row } from './row.ts';

/** How precisely others may see when a user was active or left: the setting `LAST_SEEN`. */
export type LastSeenPrecision = 'exact' | 'hour' | 'off';

const HOUR_MS = 3_600_000;

/** A time of activity, ms, as precisely as it may be shown: rounded down, or `undefined` where none may be. */
export const shownActivity = (at: number, precision: LastSeenPrecision): number | undefined => {
  if (precision === 'off') return undefined;
  return precision === 'hour' ? at - (at % HOUR_MS) : at;
};

/** `lastSeen` as others may see it: absent while online, frozen while invisible, rounded down or dropped by precision. */
const shownLastSeen = (row: Row, precision: LastSeenPrecision): number | undefined => {
  if (row.status === 'online') return undefined;
  const last = row.hiddenLastSeen ?? knownActive(row);
  return last === 0 ? undefined : shownActivity(last, precision);
};

/**
 * When the status began, as others may see it; 0 where they may not. An idle or offline status began with leaving, or
 * one limit after the last activity, so it is as precise as those.
 */
const shownSince = ({ status, since }: Row, precision: LastSeenPrecision): number =>
  status === 'offline' || status === 'away' ? (shownActivity(since, precision) ?? 0) : since;

/** What others see of a row. */
export const viewOf = (user: string, row: Row, precision: LastSeenPrecision): View => {
  const lastSeen = shownLastSeen(row, precision);
  return {
    user,
    status: row.status,
    since: shownSince(row, precision),
    ver: row.ver,
    ...(lastSeen !== undefined && { lastSeen }),
    ...(row.name !== undefined && { name: row.name.value }),
    ...row.shown,
    ...(saysSomething(row.shownNote) && { note: row.shownNote }),
    devices: row.status === 'offline' ? deviceList(0) : deviceList(devicesOf(row)),
    ...(row.groups !== undefined && { groups: row.groups.value }),
  };
};
