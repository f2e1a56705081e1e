/** What operators act on. A function may answer with a code of its own, and each new one would be a series for ever. */
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
  // It is an answer to the connection, as `link` is of it, and the one of them that an operator has to act on.
  if (code === 'WRONGPASS') return 'wrongpass';
  return KNOWN.has(code) ? code : 'other';
};
