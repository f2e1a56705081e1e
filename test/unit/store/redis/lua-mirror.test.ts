import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const SOURCES = new URL('../../../../src/', import.meta.url);
const rules = readdirSync(new URL('store/lua/rules/', SOURCES)).map((file) => file.replace('.lua', ''));

const textOf = (file: string): string => readFileSync(new URL(file, SOURCES), 'utf8');
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

/** A rule of presence stands twice, in TypeScript and in Lua: whoever reads one finds the other under the same names. */
describe('the rules in Lua', () => {
  it('are several files', () => expect(rules.length).toBeGreaterThan(5));

  it.each(rules)('%s.lua has the names of its file in the domain', (file) => {
    const domain = textOf(`domain/${file}.ts`);
    const known = new Set(namesIn(domain, /^(?:export )?const (\w+)/gm));
    const said = namesIn(textOf(`store/lua/rules/${file}.lua`), /^(?:local )?function (?:\w+\.)?(\w+)\(/gm);
    expect(said.filter((name) => !known.has(name))).toEqual([]);
  });
});
