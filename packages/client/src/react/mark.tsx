'use client';
import type { ReactElement } from 'react';
import type { Status } from '../types.ts';

/** What a mark shows: a status, or that it is not known, or not known to be fresh. */
export type Shown = Status | 'unknown';

/**
 * A shape for each, since one in twelve men cannot go by colour: a disc, a crescent, a disc with a bar, a ring, and a
 * dashed ring.
 */
const SHAPES: Readonly<Record<Shown, ReactElement>> = {
  online: <circle cx="8" cy="8" r="7" fill="currentColor" />,
  away: <path d="M5.5 1.46A7 7 0 1 0 14.54 10.5 8.5 8.5 0 0 1 5.5 1.46Z" fill="currentColor" />,
  busy: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <rect className="rollcall-bar" x="4" y="6.8" width="8" height="2.4" rx="1.2" />
    </>
  ),
  offline: <circle cx="8" cy="8" r="5.75" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  unknown: (
    <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="3 3.28" />
  ),
};

/** @param label - its name for who cannot see it; without one it is decoration beside a text that says the same. */
export const Mark = ({ shown, label }: { shown: Shown; label?: string }): ReactElement => (
  // biome-ignore lint/a11y/noSvgWithoutTitle: named by the label, or hidden
  <svg
    className="rollcall-mark"
    viewBox="0 0 16 16"
    focusable="false"
    {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
  >
    {SHAPES[shown]}
  </svg>
);
