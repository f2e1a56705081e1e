import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UnexpectedReply } from '../../../../src/redis/functions.ts';
import { type FunctionName, Library } from '../../../../src/store/redis/library.ts';

const FOLDER = new URL('../../../../src/store/lua/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');
const files = readdirSync(FOLDER, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.lua'));

const functions = files
  .filter((file) => !file.includes('/'))
  .map((file) => file.replace('.lua', '') as FunctionName);

describe('the library of functions', () => {
  const library = new Library();

  it('holds every file once, so that none is forgotten', () => {
    for (const file of files) expect(library.source.split(read(file)).length, file).toBe(2);
    expect(library.source.match(/^define\('/gm)).toHaveLength(functions.length);
  });

  /** Releases side by side each call their own: the name is made of what is in it. */
  it('is named by its text', () => {
    expect(library.name).toMatch(/^rollcall_[0-9a-f]{12}$/);
    expect(library.source.startsWith(`#!lua name=${library.name}\n`)).toBe(true);
    expect(library.called('beat')).toBe(`${library.name}_beat`);
    expect(new Library().name).toBe(library.name);
  });

  /** A node must not be condemned because Redis is full, and replicas may answer what only reads. */
  it('allows heartbeats without memory, and marks what does not write', () => {
    for (const name of functions) {
      const flags = new RegExp(`define\\('${name}', ${name}(?:, (\\{.*?\\}))?\\)`).exec(read(`${name}.lua`));
      const expected = {
        beat: "{ 'allow-oom' }",
        read: "{ 'no-writes' }",
        members: "{ 'no-writes' }",
        count: "{ 'no-writes' }",
        missing_permissions: "{ 'no-writes' }",
        explain: "{ 'no-writes' }",
        revoked: "{ 'no-writes' }",
        groupcount: "{ 'no-writes' }",
        groupsize: "{ 'no-writes' }",
        slice: "{ 'no-writes' }",
        replay: "{ 'no-writes' }",
        placesof: "{ 'no-writes' }",
        placecount: "{ 'no-writes' }",
        placeslice: "{ 'no-writes' }",
      };
      expect(flags?.[1], name).toBe(expected[name as keyof typeof expected]);
    }
  });

  /** "`cjson` and `tostring` keep 14 digits of 16": numbers become text through `format` alone. */
  it('writes no number by other means than `format`', () => {
    for (const file of files) {
      const code = read(file).replace(/--.*$/gm, '');
      expect(code, file).not.toMatch(/\btostring\s*\(/);
      // What is encoded is always a text, never a table with numbers in it.
      for (const [, what] of code.matchAll(/cjson\.encode\(([^)]*)\)/g)) {
        expect(what, file).toMatch(/^(?:\w+\.)?(?:text|emoji|name)$/);
      }
    }
  });

  it('spells no key: every one comes with KEYS', () => {
    for (const file of files) {
      const code = read(file).replace(/--.*$/gm, '');
      for (const [, key] of code.matchAll(/\bcall\('[A-Z]+',\s*(?:'STREAM',\s*)?([^,)]+)/g)) {
        expect(key, file).not.toMatch(/['"]|\.\./);
      }
    }
  });
});

describe('an answer no function should give', () => {
  it('says which function and what, shortly', () => {
    const error = new UnexpectedReply('apply', ['?'.repeat(5000)]);
    expect(error.code).toBe('unexpected_reply');
    expect(error.message).toMatch(/^function apply answered \["\?+/);
    expect(error.message.length).toBeLessThan(300);
  });
});
