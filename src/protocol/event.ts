import type { Reason, Status, Transition, UserRef } from '../domain/model.ts';
import { isoTime, type NoteShown, noteShown } from './presence.ts';

/** A transition as other services get it, in every form alike. Times are RFC 3339 in UTC with milliseconds. */
export interface PublicEvent {
  readonly tenant: string;
  readonly user: string;
  readonly status: Status;
  readonly previous: Status;
  readonly since?: string;
  readonly lastSeen?: string;
  readonly ver: number;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
  readonly note?: NoteShown;
  readonly reason: Reason;
}

/** The public form of a transition, as the log holds it too. */
const eventOf = (transition: Transition): PublicEvent => {
  const {
    tenant,
    user,
    status,
    previous,
    since,
    lastSeen,
    ver,
    name,
    groups,
    text,
    emoji,
    until,
    note,
    reason,
  } = transition;
  return {
    tenant,
    user,
    status,
    previous,
    ...(since > 0 && { since: isoTime(since) }),
    ...(lastSeen !== undefined && { lastSeen: isoTime(lastSeen) }),
    ver,
    ...(name !== undefined && { name }),
    ...(groups !== undefined && { groups }),
    ...(text !== undefined && { text }),
    ...(emoji !== undefined && { emoji }),
    ...(until !== undefined && { until: isoTime(until) }),
    ...(note !== undefined && { note: noteShown(note) }),
    reason,
  };
};

export const TRANSITION_TYPE = 'rollcall.transition';
export const FORGOTTEN_TYPE = 'rollcall.forgotten';

interface Head {
  readonly type: string;
  readonly tenant: string;
  readonly subject: string;
  readonly id: string;
  /** µs */
  readonly ver: number;
}

const headOf = (type: string, { tenant, user }: UserRef, ver: number): Head => ({
  ...{ type, tenant, ver },
  subject: user,
  id: `${user}:${ver}`,
});

/** An event in the envelope of CloudEvents 1.0, in its JSON form. */
export const envelope = ({ type, tenant, subject, id, ver }: Head, data: object): object => ({
  specversion: '1.0',
  type,
  source: `/rollcall/${tenant}`,
  subject,
  id,
  // A version is the moment at which it was decided, in microseconds.
  time: isoTime(Math.floor(ver / 1000)),
  datacontenttype: 'application/json',
  data,
});

export const transitionEvent = (transition: Transition): object =>
  envelope(headOf(TRANSITION_TYPE, transition, transition.ver), eventOf(transition));

/** @param ver - of the forgetting, above that of every transition before it. */
export const forgottenEvent = ({ tenant, user }: UserRef, ver: number): object =>
  envelope(headOf(FORGOTTEN_TYPE, { tenant, user }, ver), { tenant, user, ver });
