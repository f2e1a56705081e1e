import { sameAdornment } from './adornment.ts';
import type { DayMs, HybridMicros } from './clock.ts';
import type { Claim, Word } from './model.ts';
import type { Row } from './row.ts';

/** Claims that services may hold for one user, beside the person's own. */
const MAX_CLAIMS = 8;
/** Sources of which is remembered when their claim ended; beyond, the one that wrote longest ago is forgotten. */
const MAX_ENDED = 16;
/** How long a writer may take to deliver what it wrote, ms. For as long it is remembered that something ended. */
const DELIVERY_MS = 3_600_000;

/** `repeated`: the writer sent the same again. */
export type ClaimVerdict = 'set' | 'repeated' | 'outdated' | 'too_many';

/** The stamp of the last that was written of it: who prolongs a lease says the same again, later. */
const lastStamp = ({ stamp, renewed = stamp }: Word & Pick<Claim, 'renewed'>): HybridMicros => renewed;

/** When a word was written, as far as its writer or the store knows. */
const writtenAt = (word: Word, today: DayMs): DayMs =>
  word.at ?? Math.min(Math.floor(lastStamp(word) / 1000), today);

export const rememberedUntil = (word: Word, today: DayMs): DayMs => writtenAt(word, today) + DELIVERY_MS;

/** A writer that names no time is never behind others that name none, because the time of day may go back. */
const judge = (held: Word | undefined, word: Word, today: DayMs): 'set' | 'repeated' | 'outdated' => {
  if (word.at !== undefined && word.at + DELIVERY_MS <= today) return 'outdated';
  if (held === undefined) return 'set';
  if (word.at === undefined) return held.at !== undefined && today < held.at ? 'outdated' : 'set';
  if (word.at === held.at) return 'repeated';
  return word.at < writtenAt(held, today) ? 'outdated' : 'set';
};

/** Whether a word says anything that the one before did not: a writer may repeat it. */
export const isNews = (row: Row, source: string, word: Word, today: DayMs): boolean =>
  judge(row.claims.get(source) ?? row.endedClaims.get(source), word, today) !== 'repeated';

/**
 * Sets the claim of a service, or clears it with a word that is none. Each source has at most one. An older word than
 * the one before changes nothing, also after that one cleared it.
 */
export const setClaim = (row: Row, source: string, word: Claim | Word, today: DayMs): ClaimVerdict => {
  const held = row.claims.get(source);
  const verdict = judge(held ?? row.endedClaims.get(source), word, today);
  if (verdict !== 'set') return verdict;
  if (!('status' in word)) {
    if (held !== undefined || word.at !== undefined) endClaim(row, source, word);
    return 'set';
  }
  if (othersInForce(row, source, today) >= MAX_CLAIMS) return 'too_many';
  row.endedClaims.delete(source);
  row.claims.set(
    source,
    isRenewal(held, word, today) ? { ...word, stamp: held.stamp, renewed: word.stamp } : word,
  );
  return 'set';
};

/** Of a claim that ended is remembered when it was written. */
export const endClaim = (row: Row, source: string, word: Claim | Word): void => {
  const { at } = word;
  row.claims.delete(source);
  row.endedClaims.set(source, { stamp: lastStamp(word), ...(at !== undefined && { at }) });
  if (row.endedClaims.size <= MAX_ENDED) return;
  let oldest: [string, Word] | undefined;
  for (const each of row.endedClaims) if (oldest === undefined || isBefore(each, oldest)) oldest = each;
  if (oldest) row.endedClaims.delete(oldest[0]);
};

/** Whether it lasts: until its end, and until its lease runs out. */
export const lasts = ({ until, leaseUntil }: Claim, today: DayMs): boolean =>
  (until === undefined || until > today) && (leaseUntil === undefined || leaseUntil > today);

const isBefore = ([one, { stamp }]: [string, Word], [other, { stamp: than }]: [string, Word]): boolean =>
  stamp < than || (stamp === than && one < other);

/** To prolong a lease is to say nothing new: others are shown the same, also beside claims set since. */
const isRenewal = (held: Claim | undefined, word: Claim, today: DayMs): held is Claim =>
  held !== undefined &&
  held.leaseUntil !== undefined &&
  word.leaseUntil !== undefined &&
  lasts(held, today) &&
  held.status === word.status &&
  held.priority === word.priority &&
  held.from === word.from &&
  sameAdornment(held, word);

const othersInForce = (row: Row, source: string, today: DayMs): number => {
  let others = 0;
  for (const [other, claim] of row.claims) if (other !== source && lasts(claim, today)) others += 1;
  return others;
};
