import type { Row } from './row.ts';

/** What a token says of its user. */
export interface TokenProfile {
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** s; 0 for none. */
  readonly iat: number;
}

/**
 * Name and groups come from the newest token; one without them changes nothing. What is told while the person is
 * invisible waits: whoever is offline gets no new name and joins no group.
 */
export const takeProfile = (row: Row, { iat, name, groups }: TokenProfile): void => {
  if (iat < row.iat || (name === undefined && groups === undefined)) return;
  row.iat = iat;
  if (isHidden(row)) {
    row.pending = { name: name ?? row.pending?.name, groups: groups ?? row.pending?.groups };
    return;
  }
  row.name = name ?? row.name;
  row.groups = groups ?? row.groups;
};

/** What waited takes effect. */
export const revealProfile = (row: Row): void => {
  if (row.pending === undefined) return;
  row.name = row.pending.name ?? row.name;
  row.groups = row.pending.groups ?? row.groups;
  row.pending = undefined;
};

/** The person is invisible, or was and has not been seen since. */
const isHidden = (row: Row): boolean => row.frozen !== undefined || row.own?.status === 'invisible';
