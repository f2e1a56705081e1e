import { expect, it } from 'vitest';
import { topologyTable } from '../../../scripts/docs/topology-tests.ts';

const LISTS = { everywhere: ['groups', 'typing'], oneServer: { proxy: 'has one server' } };

it('says of every integration test where it runs', () => {
  const table = topologyTable(LISTS, ['groups', 'proxy', 'typing']);
  expect(table).toContain('| `groups` `typing` | one server, Sentinel, Cluster |  |');
  expect(table).toContain('| `proxy` | one server | has one server |');
});

it.each([
  ['that is not there any more', LISTS, ['groups', 'proxy']],
  ['in both lists', { ...LISTS, oneServer: { typing: 'no', proxy: 'no' } }, ['groups', 'typing', 'proxy']],
  ['twice', { ...LISTS, everywhere: ['groups', 'groups', 'typing'] }, ['groups', 'typing', 'proxy']],
])('does not accept a test %s', (_what, lists, tests) => {
  expect(() => topologyTable(lists, tests)).toThrow(/(typing|groups)$/);
});
