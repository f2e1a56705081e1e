import { expect, it } from 'vitest';
import { topologyTable } from '../../../scripts/docs/topology-tests.ts';

const LISTS = { everywhere: ['groups', 'typing'], oneServer: { harness: 'has one server' } };

it('says of every integration test where it runs', () => {
  const table = topologyTable(LISTS, ['groups', 'harness', 'typing']);
  expect(table).toContain('| `groups` `typing` | one server, Sentinel, Cluster |  |');
  expect(table).toContain('| `harness` | one server | has one server |');
});

it.each([
  ['that is not there any more', LISTS, ['groups', 'harness']],
  [
    'in both lists',
    { ...LISTS, oneServer: { typing: 'no', harness: 'no' } },
    ['groups', 'typing', 'harness'],
  ],
  ['twice', { ...LISTS, everywhere: ['groups', 'groups', 'typing'] }, ['groups', 'typing', 'harness']],
])('does not accept a test %s', (_what, lists, tests) => {
  expect(() => topologyTable(lists, tests)).toThrow(/(typing|groups)$/);
});
