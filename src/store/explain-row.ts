import type { DayMs } from '../domain/clock.ts';
import { deviceList, devicesInUse } from '../domain/devices.ts';
import { revokedAt } from '../domain/ending.ts';
import type { Transition } from '../domain/model.ts';
import { countingClaim, isPresent, lastActive, type Row } from '../domain/row.ts';
import type { Explanation } from './explanation.ts';
import type { SelfView } from './port/views.ts';

/**
 * Explains why a row shows what it shows.
 * @param lagMs - how much longer graces wait, see `Circumstances`.
 * @param transitions - newest first.
 * @param waitsUntil - when the damped change is shown; 0 when none waits.
 */
export const explainRow = (
  { view, invisible }: SelfView,
  row: Row,
  lagMs: number,
  transitions: readonly Transition[],
  waitsUntil: DayMs,
  today: DayMs,
): Explanation => {
  const counting = isPresent(row) ? countingClaim(row, today) : undefined;
  const last = lastActive(row);
  const { grace } = row;
  return {
    view,
    invisible,
    nodes: sorted(row.nodes).map(([node, holding]) => ({
      ...{ node, connections: holding.count, openedAt: holding.openedAt, idle: holding.idle },
      ...{ devices: deviceList(holding.devices), active: deviceList(devicesInUse(holding)) },
      ...(holding.stance === 'own' && { activeAt: holding.activeAt }),
    })),
    sessions: sorted(row.sessions).map(([id, { expiresAt, activeAt, idle, devices }]) => ({
      ...{ id, expiresAt: expiresAt, activeAt: activeAt, idle, devices: deviceList(devices) },
    })),
    claims: sorted(row.claims).map(([source, claim]) => ({ ...claim, source })),
    ...(row.ownClaim && { own: row.ownClaim }),
    ...(counting && { counts: counting.source }),
    ...(grace && {
      grace: {
        since: grace.startedAt,
        endsAt: grace.startedAt + grace.durationMs + lagMs,
        nodeLost: grace.nodeLost,
      },
    }),
    ...(row.nextDeadline > 0 && { nextDeadline: row.nextDeadline }),
    ...(waitsUntil > 0 && { waitsUntil }),
    ...(last > 0 && { lastActive: last }),
    ...(row.revoked > 0 && { revokedAt: revokedAt(row.revoked) }),
    groups: view.groups ?? [],
    transitions,
  };
};

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));
