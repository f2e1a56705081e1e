import type { Adornment, Transition } from '../domain/model.ts';
import { type LastSeenPrecision, shownActivity } from '../domain/show.ts';
import { isoTime, noteShown, readPresenceOf } from '../protocol/presence.ts';
import type { Explanation } from '../store/explanation.ts';

const adornment = ({ text, emoji, until }: Adornment) => ({
  ...(text !== undefined && { text }),
  ...(emoji !== undefined && { emoji }),
  ...(until !== undefined && { until: isoTime(until) }),
});

/** A stamp of the hybrid clock, µs. */
const stampTime = (stamp: number): string => isoTime(Math.floor(stamp / 1000));

const transitionOf = ({ status, previous, reason, ver, since, note, ...rest }: Transition) => ({
  at: stampTime(ver),
  status,
  previous,
  reason,
  ...(since > 0 && { since: isoTime(since) }),
  ver,
  ...adornment(rest),
  ...(note !== undefined && { note: noteShown(note) }),
});

/** What `LAST_SEEN` hides from users, it hides from operators as well. */
const activity = (at: number | undefined, precision: LastSeenPrecision) => {
  const shown = at === undefined ? undefined : shownActivity(at, precision);
  return shown === undefined ? {} : { lastActive: isoTime(shown) };
};

/** An explanation as HTTP sends it: times as texts; absent and hidden values are left out. */
export const explanationOf = (why: Explanation, places: readonly string[], precision: LastSeenPrecision) => ({
  presence: readPresenceOf(why.view),
  invisible: why.invisible,
  connections: why.nodes.map(({ node, connections, openedAt, activeAt, idle, devices, active }) => ({
    node,
    connections,
    newestOpening: isoTime(openedAt),
    ...activity(activeAt, precision),
    idle,
    devices,
    active,
  })),
  sessions: why.sessions.map(({ id, expiresAt, activeAt, idle, devices }) => ({
    id,
    expires: isoTime(expiresAt),
    ...activity(activeAt, precision),
    idle,
    devices,
  })),
  claims: [
    ...(why.own !== undefined && why.own.status !== null
      ? [
          {
            source: 'user',
            status: why.own.status,
            priority: 100,
            set: stampTime(why.own.stamp),
            ...adornment(why.own),
          },
        ]
      : []),
    ...why.claims.map(({ source, status, priority, stamp, at, from, leaseUntil, ...rest }) => ({
      source,
      status,
      priority,
      set: stampTime(stamp),
      ...(at !== undefined && { at: isoTime(at) }),
      ...(from !== undefined && { from: isoTime(from) }),
      ...(leaseUntil !== undefined && { leaseEnds: isoTime(leaseUntil) }),
      ...adornment(rest),
    })),
  ],
  ...(why.counts !== undefined && { counts: why.counts }),
  ...(why.grace && {
    grace: {
      since: isoTime(why.grace.since),
      ends: isoTime(why.grace.endsAt),
      nodeLost: why.grace.nodeLost,
    },
  }),
  ...(why.nextDeadline !== undefined && { nextDeadline: isoTime(why.nextDeadline) }),
  ...(why.waitsUntil !== undefined && { waitsUntil: isoTime(why.waitsUntil) }),
  ...activity(why.lastActive, precision),
  ...(why.revokedAt !== undefined && { revoked: isoTime(why.revokedAt) }),
  groups: why.groups,
  places,
  transitions: why.transitions.map(transitionOf),
});
