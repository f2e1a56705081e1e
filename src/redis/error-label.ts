/**
 * Codes that operators act on. A function may answer with its own code, and each new one would be a series for ever.
 */
const KNOWN = new Set(
  [
    [
      'BUSY',
      'CLUSTERDOWN',
      'ERR',
      'LOADING',
      'MASTERDOWN',
      'MISCONF',
      'MOVED',
      'NOAUTH',
      'NOPERM',
      'NOREPLICAS',
    ],
    ['OOM', 'READONLY', 'TRYAGAIN'],
  ].flat(),
);

/** The code of a failed command as the label of a metric; `link` when there was no answer at all. */
export const errorLabel = (code: string | undefined): string => {
  if (code === undefined) return 'link';
  // It concerns the connection, as `link` does, and is the one such error that an operator has to act on.
  if (code === 'WRONGPASS') return 'wrongpass';
  return KNOWN.has(code) ? code : 'other';
};
