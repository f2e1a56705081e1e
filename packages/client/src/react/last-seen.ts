'use client';
import { useSyncExternalStore } from 'react';
import type { View } from '../types.ts';
import { currentMinute, subscribeMinute } from './minute.ts';
import { useClient } from './provider.tsx';

const STEPS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
] as const;

/** Making one takes longer than a hundred uses. */
const formats = new Map<string, Intl.RelativeTimeFormat>();
const formatOf = (locale = ''): Intl.RelativeTimeFormat => {
  const made = formats.get(locale) ?? new Intl.RelativeTimeFormat(locale || undefined, { numeric: 'auto' });
  formats.set(locale, made);
  return made;
};

/**
 * How long ago, in words. A time of a clock that is ahead is now. A whole hour is one that the service rounded
 * (`LAST_SEEN=hour`), so it is told in hours.
 */
export const timeAgo = (time: string, now: number, locale?: string): string => {
  const at = Date.parse(time);
  const seconds = Math.max(0, (now - at) / 1000);
  const format = formatOf(locale);
  const isRounded = at % 3_600_000 === 0;
  if (seconds < 60 && !isRounded) return format.format(0, 'second');
  const fits = ([unit, size]: readonly [string, number]): boolean =>
    seconds >= size || (isRounded && unit === 'hour');
  const [unit, size] = STEPS.find(fits) ?? ['minute', 60];
  return format.format(-Math.floor(seconds / size), unit);
};

const onServer = (): number => -1;

export interface LastSeenOptions {
  /** Language of the words, for instance `de`. Default that of the browser. */
  readonly locale?: string;
}

/**
 * When a user was last seen, in words that follow the time; `undefined` where it is not known or not shown. On the server
 * and in hydration it is the UTC time itself, since the clocks of both differ.
 */
export const useLastSeen = (view: View, { locale }: LastSeenOptions = {}): string | undefined => {
  const client = useClient();
  const minute = useSyncExternalStore(subscribeMinute, currentMinute, onServer);
  const time = view.known ? view.presence.lastSeen : undefined;
  if (time === undefined) return undefined;
  return minute === -1 ? `${time.slice(0, 16).replace('T', ' ')} UTC` : timeAgo(time, client.now(), locale);
};
