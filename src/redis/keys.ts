import calculateSlot from 'cluster-key-slot';
import type { UserRef } from '../domain/model.ts';

const SLOTS = 16_384;

/**
 * Hash tags such that partition i lies in the i-th of `partitions` equal slices of the slots: however many masters
 * share the slots evenly, they share the partitions evenly. (Plain numbers as tags would be uneven.)
 */
export const partitionTags = (partitions: number): readonly string[] => {
  const tags: string[] = new Array(partitions).fill('');
  let missing = partitions;
  for (let candidate = 0; missing > 0; candidate += 1) {
    const tag = candidate.toString(36);
    const slice = Math.floor((calculateSlot(`{${tag}}`) * partitions) / SLOTS);
    if (tags[slice] !== '') continue;
    tags[slice] = tag;
    missing -= 1;
  }
  return tags;
};

/** The keys of one partition. The free part of a key comes last, so that no tenant can spell another's key. */
export interface PartitionKeys {
  readonly meta: string;
  readonly log: string;
  /** What happens in places: a log of its own, in one order with {@link log}. */
  readonly placeLog: string;
  readonly events: string;
  readonly due: string;
  readonly nodes: string;
  /** Which owners' tokens are refused, and until when. */
  readonly revoked: string;
  user(ref: UserRef): string;
  /** Prefix of every {@link beat}. */
  readonly beats: string;
  beat(node: string): string;
  node(node: string): string;
  nodeMeta(node: string): string;
  seq(node: string): string;
  fence(id: string): string;
  online(tenant: string): string;
  away(tenant: string): string;
  busy(tenant: string): string;
  group(tenant: string, group: string): string;
  /**
   * Prefix of every group key; `<tenant>:<group>` follows. Functions make the keys of groups that only the row of a
   * user names, see decision 10 in docs.
   */
  readonly groups: string;
  /** Who is shown in a place. */
  place(tenant: string, place: string): string;
  /** Prefix of every {@link place}; `<tenant>:<place>` follows. Functions make these keys as those of groups. */
  readonly places: string;
  /** When everybody was last put out of a place. */
  putOut(tenant: string, place: string): string;
}

export interface Keys {
  readonly partitions: readonly PartitionKeys[];
  readonly registry: string;
  /** Prefix of the public channel of a tenant's events. */
  readonly tenantEvents: string;
}

/** Every key and channel of a deployment: the only place that spells one. */
export const createKeys = (prefix: string, partitions: number): Keys => ({
  partitions: partitionTags(partitions).map((tag) => partitionKeys(`${prefix}:{${tag}}:`)),
  registry: `${prefix}:registry`,
  tenantEvents: `${prefix}:events:`,
});

const partitionKeys = (p: string): PartitionKeys => ({
  meta: `${p}meta`,
  log: `${p}log`,
  placeLog: `${p}plog`,
  events: `${p}events`,
  due: `${p}due`,
  nodes: `${p}nodes`,
  revoked: `${p}revoked`,
  user: ({ tenant, user }) => `${p}user:${tenant}:${user}`,
  beats: `${p}beat:`,
  beat: (node) => `${p}beat:${node}`,
  node: (node) => `${p}node:${node}`,
  nodeMeta: (node) => `${p}node-meta:${node}`,
  seq: (node) => `${p}seq:${node}`,
  fence: (id) => `${p}fence:${id}`,
  online: (tenant) => `${p}online:${tenant}`,
  away: (tenant) => `${p}away:${tenant}`,
  busy: (tenant) => `${p}busy:${tenant}`,
  group: (tenant, group) => `${p}group:${tenant}:${group}`,
  groups: `${p}group:`,
  place: (tenant, place) => `${p}place:${tenant}:${place}`,
  places: `${p}place:`,
  putOut: (tenant, place) => `${p}put-out:${tenant}:${place}`,
});
