import { absorb, restore } from '../../domain/absorb.ts';
import { areDevicesEnded, isEnded, isRevoked } from '../../domain/ending.ts';
import { before, isNobody } from '../../domain/evaluate.ts';
import type { UserRef, View } from '../../domain/model.ts';
import { trueNote } from '../../domain/note.ts';
import { isHeardOf, sameGroups, trueProfile } from '../../domain/profile.ts';
import type { AnyEnding } from '../../domain/row.ts';
import type { ApplyReply, Batch, PlaceAnswer, Reports } from '../port/reports.ts';
import type { SelfView } from '../port/views.ts';
import { timeOfDay } from './memory-partition.ts';
import { placeAnswers, raiseTo } from './place-answers.ts';
import { reportOf } from './report.ts';
import { announce, announceGroups, announceNote, selfOf } from './self.ts';
import type { Shards } from './shards.ts';

export class MemoryReports implements Reports {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const shard = this.#shards.at(partition);
    shard.clock.raise(batch.seen);
    const { now } = shard;
    const selves = new Map<number, SelfView>();
    const tookOver: number[] = [];
    const revoked = new Map<number, number>();
    const ended = new Map<number, { how: AnyEnding; at: number }>();
    const places = new Map<number, readonly PlaceAnswer[]>();
    batch.entries.forEach((entry, position) => {
      const ref = { tenant: entry.tenant, user: entry.user };
      const row = shard.peek(ref);
      const isNew = !shard.holds(ref);
      if (
        (entry.count > 0 || entry.watchedAgo !== undefined) &&
        isRevoked(row, entry.oldestIat ?? entry.iat)
      ) {
        revoked.set(position, row.revoked);
        return;
      }
      shard.keep(ref, row);
      const was = before(row);
      const wasHeardOf = isHeardOf(row);
      const wasHiding = row.ownClaim?.status === 'invisible';
      const knownGroups = trueProfile(row).groups;
      const report = reportOf(entry, now, shard.clock.now());
      if (row.ended && entry.count > 0 && isEnded(row, report.openedAt)) ended.set(position, row.ended);
      else if (entry.count > 0 && areDevicesEnded(row, report.devices, report.openedAt))
        ended.set(position, { how: 'disconnect_device', at: 0 });
      const { idleAwayMs } = this.#shards.policy;
      const { restored, claimed, noted, refused } = absorb(row, batch.node, report, now, idleAwayMs);
      if (claimed && report.claim) shard.clock.raise(report.claim.stamp);
      if (noted && report.note) shard.clock.raise(report.note.stamp);
      if (restored && entry.known) shard.clock.raise(entry.known.ver);
      for (const place of report.places ?? []) raiseTo(shard.clock, place);
      const others = row.nodes.size - (row.nodes.has(batch.node) ? 1 : 0);
      if (others > 0 || wasHeardOf) announceGroups(shard, ref, row, knownGroups);
      const ending = report.isRevoked ? 'revoked' : undefined;
      const deliberate = claimed ? 'claim' : ending;
      shard.settle(ref, row, now, was, { deliberate, repair: restored });
      if (claimed && (others > 0 || wasHiding || row.ownClaim?.status === 'invisible'))
        announce(shard, ref, row);
      if (noted && others > 0) announceNote(shard, ref, row);
      if ((row.nodes.get(batch.node)?.stance ?? 'own') !== 'own') tookOver.push(position);
      const isClaimNews = (row.ownClaim?.stamp ?? 0) !== (entry.claim?.stamp ?? 0);
      const isNoteNews = (trueNote(row)?.stamp ?? 0) !== (entry.note?.stamp ?? 0);
      const isGroupsNews =
        entry.groups !== undefined && !sameGroups(trueProfile(row).groups?.value, entry.groups);
      const isNews = isClaimNews || isNoteNews || isGroupsNews;
      if (entry.asks || row.ver !== (entry.known?.ver ?? 0) || isNews) {
        selves.set(position, selfOf(shard, ref, row));
      }
      const answers = placeAnswers(row, batch.node, report.places ?? [], refused, this.#shards.lastSeen);
      if (answers.length > 0) places.set(position, answers);
      if (isNew && isNobody(row, this.#shards.policy, now, timeOfDay(now))) shard.drop(ref);
    });
    shard.publish();
    return {
      ...{ result: 'ok', clock: shard.clock.now(), selves, tookOver },
      ...(revoked.size > 0 && { revoked }),
      ...(ended.size > 0 && { ended }),
      ...(places.size > 0 && { places }),
    };
  }

  async replicated(): Promise<boolean> {
    return true;
  }

  async restore(tenant: string, known: readonly View[]): Promise<void> {
    for (const view of known) this.#restore({ tenant, user: view.user }, view);
  }

  #restore(ref: UserRef, view: View): void {
    const shard = this.#shards.of(ref);
    // A view that changes nothing must not leave a row behind that nothing ever forgets.
    if (view.ver <= shard.peek(ref).ver) return;
    const row = shard.row(ref);
    const was = before(row);
    const { now } = shard;
    if (!restore(row, view)) return;
    shard.clock.raise(view.ver);
    shard.settle(ref, row, now, was, { repair: true });
    shard.publish();
  }
}
