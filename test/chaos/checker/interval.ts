/** A stretch of time, ms; `to` may be Infinity. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** In order, those that touch, or are closer than `gap`, as one. */
export const united = (list: readonly Interval[], gap = 0): Interval[] => {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of [...list].sort((a, b) => a.from - b.from)) {
    if (to <= from) continue;
    const last = out.at(-1);
    if (last !== undefined && from - last.to <= gap) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
};

/** What of `list` is in none of `holes`. */
export const without = (list: readonly Interval[], holes: readonly Interval[]): Interval[] =>
  united(holes).reduce<Interval[]>(
    (left, hole) =>
      left.flatMap(({ from, to }) =>
        hole.to <= from || hole.from >= to
          ? [{ from, to }]
          : [
              { from, to: hole.from },
              { from: hole.to, to },
            ].filter((part) => part.to > part.from),
      ),
    united(list),
  );

export const overlaps = (a: Interval, b: Interval): boolean => a.from < b.to && b.from < a.to;

/** The interval that contains a moment. */
export const at = (list: readonly Interval[], moment: number): Interval | undefined =>
  list.find(({ from, to }) => from <= moment && moment < to);
