import type { FastifyRequest } from 'fastify';
import type { UserRef } from '../../domain/model.ts';
import { isoTime, type Presence, presenceOf } from '../../protocol/presence.ts';
import type { Profile } from '../../store/calls.ts';
import type { SelfView } from '../../store/presence-store.ts';
import { callerOf, tenantOf } from '../auth.ts';

/** One's own presence and the truth about it. */
interface Me extends Presence {
  readonly invisible?: true;
  readonly claim?: {
    readonly status: string;
    readonly text?: string;
    readonly emoji?: string;
    readonly until?: string;
  };
}

export const meOf = ({ view, invisible, claim }: SelfView): Me => ({
  ...presenceOf(view),
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

/** Who calls, as a user. */
export const selfOf = (request: FastifyRequest): UserRef => ({
  tenant: tenantOf(request),
  user: callerOf(request).user,
});

/** What the caller's token says of them. */
export const profileOf = (request: FastifyRequest): Profile => {
  const { name, groups, iat = 0 } = callerOf(request);
  return { iat, ...(name !== undefined && { name }), ...(groups !== undefined && { groups }) };
};
