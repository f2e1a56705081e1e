import { readdirSync, readFileSync } from 'node:fs';
import { code, replaceBlock, table } from './markdown.ts';

/** Which integration tests run on every topology, and why the others do not. */
export interface TopologyTests {
  readonly everywhere: readonly string[];
  readonly oneServer: Readonly<Record<string, string>>;
}

const LISTS = new URL('../topology-tests.json', import.meta.url);
const TESTS = new URL('../../test/integration/', import.meta.url);
const SUFFIX = '.test.ts';

const names = (): string[] =>
  readdirSync(TESTS)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));

/**
 * The table of what runs where.
 *
 * @throws Error when a test is named twice, or is not there any more. One that is not named yet runs on one server, until
 *   `npm run test:topologies` asks for its place.
 */
export const topologyTable = ({ everywhere, oneServer }: TopologyTests, tests: readonly string[]): string => {
  const listed = [...everywhere, ...Object.keys(oneServer)];
  const wrong = [
    ...tests.filter((test) => listed.filter((name) => name === test).length > 1),
    ...listed.filter((name) => !tests.includes(name)),
  ];
  if (wrong.length > 0) {
    throw new Error(
      `is made from topology-tests.json, which names more than once, or no longer rightly: ${wrong}`,
    );
  }
  return table(
    ['tests', 'run on', 'why not on the others'],
    [
      ['`test/contract/`', 'one server, Sentinel, Cluster', ''],
      [everywhere.map(code).join(' '), 'one server, Sentinel, Cluster', ''],
      ...Object.entries(oneServer).map(([name, reason]) => [code(name), 'one server', reason]),
      ['`topologies/sentinel` `topologies/cluster`', 'what they are named after', 'they break servers of it'],
      ['`topologies/access`', 'what each of its tests starts', 'passwords, rights and TLS of each'],
    ],
  );
};

/** `docs/redis.md` with the table of tests; the rest of the page is written by hand. */
export const redisPage = (page: string): string => {
  const lists = JSON.parse(readFileSync(LISTS, 'utf8')) as TopologyTests;
  return replaceBlock(page, 'topology-tests', topologyTable(lists, names()));
};
