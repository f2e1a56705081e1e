import { createHash } from 'node:crypto';
import { StoreError } from '../store/port/store-error.ts';

/** The content of a cursor: a moment of the hybrid clock (µs), and the generations it belongs to. */
export interface Watermark {
  readonly clock: number;
  readonly data: string;
}

const FINGERPRINT = 12;
const FORM = /^([0-9a-z]{1,11})\.([\w-]{12})$/;

/**
 * The generations of all partitions as one short text: the same on every node, and different when any of them
 * changed.
 */
export const fingerprint = (gens: readonly string[]): string =>
  createHash('sha256').update(gens.join('\n')).digest('base64url').slice(0, FINGERPRINT);

export const encodeWatermark = ({ clock, data }: Watermark): string => `${clock.toString(36)}.${data}`;

/** @throws StoreError `invalid_cursor` */
export const decodeWatermark = (text: string): Watermark => {
  const [, digits = '', data = ''] = FORM.exec(text) ?? [];
  const clock = Number.parseInt(digits, 36);
  if (!Number.isSafeInteger(clock) || encodeWatermark({ clock, data }) !== text)
    throw new StoreError('invalid_cursor', 'this cursor was not given by this service');
  return { clock, data };
};

/** How far one partition has been delivered (µs), and the generation of its data. */
export interface Reached {
  readonly gen: string;
  readonly through: number;
}

/**
 * The lowest position of all partitions, at most `atMost`.
 * @returns `undefined` until every partition has reported.
 */
export const watermarkOf = (
  partitions: readonly (Reached | undefined)[],
  atMost = Number.POSITIVE_INFINITY,
): string | undefined => {
  const gens: string[] = [];
  let clock = atMost;
  for (const reached of partitions) {
    if (reached === undefined) return undefined;
    gens.push(reached.gen);
    clock = Math.min(clock, reached.through);
  }
  return encodeWatermark({ clock, data: fingerprint(gens) });
};
