import type { Mutant } from './mutant.ts';

/** Bounds switched off: what hostile clients could do then, and the test of it with a bystander. */
export const ABUSE: readonly Mutant[] = [
  {
    name: 'fragments without a bound',
    file: 'src/http/reasoned-websocket.ts',
    from: '  maxFragments: MAX_FRAGMENTS,\n',
    to: '',
    test: 'test/abuse/fragments.test.ts',
    title: 'are closed 1009 before they cost much',
    proves: 'somebody without a token fills a node with messages in pieces of a byte',
  },
];
