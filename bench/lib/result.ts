/** One measured quantity: a sample for each repetition, and what it must reach. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** At most (`max`) or at least (`min`) so much, in the same unit. */
  readonly target?: { readonly max: number } | { readonly min: number };
  /** What a reader has to know to read the number. */
  readonly note?: string;
}

/** What one repetition of a benchmark found, by name. */
export type Sample = Omit<Measured, 'samples'> & { readonly value: number };

export interface Benchmark {
  readonly title: string;
  readonly about: string;
  /** One repetition from nothing to nothing: it starts and ends everything it needs. */
  readonly run: () => Promise<Sample[]>;
}

export const median = (samples: readonly number[]): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

export const percentile = (samples: readonly number[], share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};

/** Puts the repetitions together: one row for each name, in the order of the first repetition. */
export const gather = (runs: readonly Sample[][]): Measured[] => {
  const rows = new Map<string, Sample & { samples: number[] }>();
  for (const { value, ...rest } of runs.flat()) {
    const row = rows.get(rest.name) ?? { ...rest, value, samples: [] };
    row.samples.push(value);
    rows.set(rest.name, row);
  }
  return [...rows.values()].map(({ value: _value, ...row }) => row);
};

/** Whether the median reaches the target; `undefined` without one. */
export const reached = ({ samples, target }: Measured): boolean | undefined => {
  if (target === undefined) return undefined;
  const value = median(samples);
  return 'max' in target ? value <= target.max : value >= target.min;
};
