import { ALLOWED } from './allowances.ts';
import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** A node closes nobody's socket who answers: not when it was paused, fenced or cut off (G4, G13), only when it leaves. */
export const socketsStayOpen = (run: Case): Violation[] => {
  const { connections } = run.history;
  return connections.flatMap((connection): Violation[] => {
    const { user, slot, end } = connection;
    if (end === undefined || run.faults.explainsEnd(connection)) return [];
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

/** Memory stays bounded, whatever is away or slow (G8, G13). */
export const memoryIsBounded = (run: Case): Violation[] => {
  const worst = run.history.memory.reduce((most, each) => (each.rss > most.rss ? each : most), {
    at: 0,
    slot: -1,
    rss: 0,
  });
  if (worst.rss <= ALLOWED.memoryBytes) return [];
  return [
    {
      rule: 'memoryIsBounded',
      at: worst.at,
      what: `node ${worst.slot} took ${Math.round(worst.rss / 1e6)} MB`,
    },
  ];
};
