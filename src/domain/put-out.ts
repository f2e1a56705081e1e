import type { DayMs } from './clock.ts';
import { refusesToken } from './ending.ts';
import type { Policy } from './model.ts';
import type { Part, PutOut, Stay } from './place.ts';
import type { Row } from './row.ts';

/** Everybody, or one user, was put out of a place: who entered before is in it no more. */

/** Whether an entering no longer counts, or may not begin. */
const isPutOut = ({ enteredAt, issued }: Part, { at, revoked }: PutOut): boolean =>
  enteredAt <= at || refusesToken(revoked, issued);

/** Ends what no longer counts of a stay. */
export const endPutOut = (stay: Stay, word: PutOut): void => {
  endParts(stay, stay.nodes, word);
  endParts(stay, stay.sessions, word);
  if (stay.grace === undefined || stay.grace.startedAt > word.at) return;
  stay.grace = undefined;
  stay.why = 'revoked';
};

const endParts = (stay: Stay, parts: Map<string, Part>, word: PutOut): void => {
  for (const [id, part] of parts) {
    if (!isPutOut(part, word)) continue;
    parts.delete(id);
    stay.why = 'revoked';
  }
};

/** Words about one user that are remembered; beyond, the oldest is forgotten. */
const MAX_PUT_OUT = 64;

/** One user is put out of a place. */
export const putUserOut = (row: Row, place: string, word: PutOut): void => {
  row.putOut.delete(place);
  row.putOut.set(place, word);
  for (const oldest of row.putOut.keys()) {
    if (row.putOut.size <= MAX_PUT_OUT) break;
    row.putOut.delete(oldest);
  }
};

/** Until when it is remembered, by the time of day: as long as a token issued before can be valid. */
export const putOutUntil = ({ revoked }: PutOut, { revocationMs }: Pick<Policy, 'revocationMs'>): DayMs =>
  revoked * 1000 + revocationMs;

/** Until when any word about this user is remembered; 0 for none. */
export const putsOutUntil = (row: Row, policy: Policy): DayMs => {
  let until = 0;
  for (const word of row.putOut.values()) until = Math.max(until, putOutUntil(word, policy));
  return until;
};
