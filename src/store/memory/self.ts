import type { Profile, UserRef } from '../../domain/model.ts';
import { trueNote } from '../../domain/note.ts';
import { sameGroups, trueProfile } from '../../domain/profile.ts';
import type { Row } from '../../domain/row.ts';
import type { SelfView } from '../port/views.ts';
import type { MemoryPartition } from './memory-partition.ts';

/** What nodes are sent of a user. */
export const selfOf = (shard: MemoryPartition, { user }: UserRef, row: Row): SelfView => {
  const note = trueNote(row);
  return {
    view: shard.view(user, row),
    invisible: row.ownClaim?.status === 'invisible',
    ...(row.ownClaim && { claim: row.ownClaim }),
    ...(note && { note }),
    ...ownOf(row),
  };
};

/** What callers without a socket are sent: also the kinds of device in use. */
export const usedSelfOf = (shard: MemoryPartition, ref: UserRef, row: Row): SelfView => ({
  ...selfOf(shard, ref, row),
  view: shard.usedView(ref.user, row),
});

const ownOf = (row: Row): Pick<SelfView, 'own'> => {
  const { groups } = trueProfile(row);
  return groups ? { own: { groups: groups.value, stamp: groups.iat } } : {};
};

/** Notifies the nodes that hold a user of the person's own claim. */
export const announce = (shard: MemoryPartition, ref: UserRef, row: Row): void => {
  if (row.ownClaim) shard.command({ type: 'claim', ref, claim: row.ownClaim });
};

/** Notifies them of the person's note. */
export const announceNote = (shard: MemoryPartition, ref: UserRef, row: Row): void => {
  const note = trueNote(row);
  if (note) shard.command({ type: 'note', ref, note });
};

/** Notifies them of the person's groups, when these have changed. */
export const announceGroups = (
  shard: MemoryPartition,
  ref: UserRef,
  row: Row,
  known: Profile['groups'],
): void => {
  const { own } = ownOf(row);
  if (own && !sameGroups(own.groups, known?.value)) shard.command({ type: 'own', ref, own });
};
