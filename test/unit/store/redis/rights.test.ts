import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createKeys } from '../../../../src/redis/keys.ts';
import { missingRights, type RightsOptions, rightsNeeded } from '../../../../src/store/redis/check/rights.ts';

const SOURCES = new URL('../../../../src/', import.meta.url);
/** Words in capitals that are options of commands. */
const OPTIONS = new Set([
  'LIMIT',
  'BYLEX',
  'BYSCORE',
  'MAXLEN',
  'MINID',
  'COUNT',
  'WITHSCORES',
  'STREAM',
  'NOMKSTREAM',
]);
/** Asked for by what comes before the rights can be asked about. */
const BEFORE = ['FCALL', 'FUNCTION', 'INFO', 'SELECT', 'SENTINEL'];

const every: RightsOptions = {
  keys: createKeys('p', 4),
  prefix: 'p',
  isCluster: true,
  publishTenantEvents: true,
  writeReplicas: 1,
};

const commandsIn = (folder: string, pattern: RegExp): string[] =>
  readdirSync(new URL(folder, SOURCES), { recursive: true })
    .map(String)
    .filter((file) => /\.(lua|ts)$/.test(file))
    .flatMap((file) => [...readFileSync(new URL(folder + file, SOURCES), 'utf8').matchAll(pattern)])
    .map(([, name = '']) => name)
    .filter((name) => !OPTIONS.has(name));

describe('the rights that a node asks for', () => {
  it('cover everything that functions and nodes do', () => {
    const used = new Set([
      ...commandsIn('store/lua/', /'([A-Z]{3,})'/g),
      ...['redis/', 'store/redis/', 'events/'].flatMap((folder) =>
        commandsIn(folder, /(?:command|call)\(\s*'([A-Z]+)'/g),
      ),
    ]);
    expect(used.size).toBeGreaterThan(20);
    const asked = new Set([...BEFORE, ...rightsNeeded(every).commands.map(([name]) => name)]);
    expect([...used].filter((name) => !asked.has(name))).toEqual([]);
  });

  it('are no more than the settings need', () => {
    const { names } = rightsNeeded({
      ...every,
      isCluster: false,
      publishTenantEvents: false,
      writeReplicas: 0,
    });
    for (const spared of ['+publish', '+wait', '+cluster|slots', '+cluster|info']) {
      expect(names).not.toContain(spared);
      expect(rightsNeeded(every).names).toContain(spared);
    }
  });

  it('are told as patterns when every key or every channel is refused', () => {
    const rights = rightsNeeded(every);
    const refused = (...names: string[]) => names.map((name) => rights.names.indexOf(name));
    expect(missingRights(rights, refused('+xadd', '+spublish'), 'p')).toEqual(['+xadd', '+spublish']);
    expect(missingRights(rights, refused('+publish', '+spublish', '+ssubscribe'), 'p')).toEqual(['&p:*']);
    const all = rights.names.map((_, position) => position);
    expect(missingRights(rights, all, 'p')).toEqual([
      '~p:*',
      '&p:*',
      '+time',
      '+wait',
      '+cluster|info',
      '+cluster|slots',
    ]);
    expect(missingRights(rights, [], 'p')).toEqual([]);
  });
});
