import type { FastifyRequest } from 'fastify';
import { issuedBy } from '../../auth/principal.ts';
import { saysSomething } from '../../domain/adornment.ts';
import type { UserRef } from '../../domain/model.ts';
import { isoTime, noteShown, type ReadPresence, readPresenceOf } from '../../protocol/presence.ts';
import type { CallerProfile } from '../../store/port/people.ts';
import type { SelfView } from '../../store/port/views.ts';
import { callerOf } from '../auth.ts';
import { ProblemError } from '../problem.ts';

/** One's own presence and the truth about it. */
interface Me extends ReadPresence {
  readonly invisible?: true;
  readonly claim?: {
    readonly status: string;
    readonly text?: string;
    readonly emoji?: string;
    readonly until?: string;
  };
}

export const meOf = ({ view, invisible, claim, note }: SelfView): Me => ({
  ...readPresenceOf(view),
  // The truth, also where others are not shown it yet.
  ...(note !== undefined && saysSomething(note) && { note: noteShown(note) }),
  ...(invisible && { invisible }),
  ...(claim !== undefined &&
    claim.status !== null && {
      claim: {
        status: claim.status,
        ...(claim.text !== undefined && { text: claim.text }),
        ...(claim.emoji !== undefined && { emoji: claim.emoji }),
        ...(claim.until !== undefined && { until: isoTime(claim.until) }),
      },
    }),
});

/** Who calls, as a user. @throws ProblemError `forbidden` for a service, which is no user of any tenant. */
export const selfOf = (request: FastifyRequest): UserRef => {
  const caller = callerOf(request);
  if (caller.service !== undefined)
    throw new ProblemError(
      403,
      'forbidden',
      'A token whose tenant is "*" is a user of none: this call is about the user of a token.',
    );
  return { tenant: caller.tenant, user: caller.user };
};

/** What the caller's token says of them. */
export const profileOf = (request: FastifyRequest): CallerProfile => {
  const caller = callerOf(request);
  const { name, groups, iat = 0 } = caller;
  return {
    iat,
    ...(caller.isIatWhole && { issued: issuedBy(caller) }),
    ...(name !== undefined && { name }),
    ...(groups !== undefined && { groups }),
  };
};
