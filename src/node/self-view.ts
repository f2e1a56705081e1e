import { saysSomething } from '../domain/adornment.ts';
import type { DayMs } from '../domain/clock.ts';
import type { Adornment } from '../domain/model.ts';
import type { SelfView } from '../store/port/views.ts';
import type { Holding } from './holding.ts';

/** Claim and note, unless they were cleared or their end has passed. */
export const inForce = ({ claim, note }: Holding, today: DayMs): Pick<SelfView, 'claim' | 'note'> => {
  const lasts = ({ until }: Adornment): boolean => until === undefined || until > today;
  return {
    ...(claim && claim.status !== null && lasts(claim) && { claim }),
    ...(note && saysSomething(note) && lasts(note) && { note }),
  };
};

/** What is true of a person, as far as this node knows; `undefined` before it knows what others see. */
export const selfViewOf = (holding: Holding, today: DayMs): SelfView | undefined => {
  const { view, own } = holding;
  if (!view) return undefined;
  const { claim, note } = inForce(holding, today);
  return {
    ...{ view, invisible: claim?.status === 'invisible' },
    ...(claim && { claim }),
    ...(note && { note }),
    ...(own && { own }),
  };
};

/** Sends it to every connection of the person; each knows what it was sent before. */
export const tellSelf = (holding: Holding, today: DayMs): void => {
  const self = holding.members.length === 0 ? undefined : selfViewOf(holding, today);
  if (self) for (const member of holding.members) member.itself(self);
};
