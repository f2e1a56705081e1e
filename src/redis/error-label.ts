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
    ['OOM', 'READONLY', 'TRYAGAIN', 'WRONGPASS'],
  ].flat(),
);

/** The code of a failed command as the label of a metric; `link` when there was no answer at all. */
export const errorLabel = (code: string | undefined): string => {
  if (code === undefined) return 'link';
  return KNOWN.has(code) ? code : 'other';
};
