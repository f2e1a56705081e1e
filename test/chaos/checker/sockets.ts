import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** How far apart the death of a process and the reset its clients see may be, ms. */
const NEAR_MS = 2_500;

/** A node closes nobody's socket who answers: not when it was paused, fenced or cut off (G4, G13), only when it leaves. */
export const socketsStayOpen = (run: Case): Violation[] => {
  const { connections, faults } = run.history;
  return connections.flatMap(({ user, slot, end }): Violation[] => {
    if (end === undefined || !['server', 'lost', 'drain'].includes(end.how)) return [];
    const scopes = end.how === 'lost' ? ['death', 'restart'] : end.how === 'drain' ? ['restart'] : [];
    const isExplained = faults.some(
      (fault) =>
        scopes.includes(fault.scope) &&
        fault.slots.includes(slot) &&
        fault.from - NEAR_MS < end.at &&
        end.at < fault.to + NEAR_MS,
    );
    if (isExplained) return [];
    return [
      {
        rule: 'socketsStayOpen',
        at: end.at,
        user,
        what: `node ${slot} ended a connection (${end.how} ${end.code})`,
      },
    ];
  });
};

/** Resident memory of a node of this size with these clients, bytes: far above what it needs, far below a leak. */
const MEMORY_LIMIT = 400e6;

/** Memory stays bounded, whatever is away or slow (G8, G13). */
export const memoryIsBounded = (run: Case): Violation[] => {
  const worst = run.history.memory.reduce((most, each) => (each.rss > most.rss ? each : most), {
    at: 0,
    slot: -1,
    rss: 0,
  });
  if (worst.rss <= MEMORY_LIMIT) return [];
  return [
    {
      rule: 'memoryIsBounded',
      at: worst.at,
      what: `node ${worst.slot} took ${Math.round(worst.rss / 1e6)} MB`,
    },
  ];
};
