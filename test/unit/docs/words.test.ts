import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

interface Word {
  readonly pattern: string;
  readonly instead: string;
  readonly why: string;
}
interface Found extends Omit<Word, 'pattern'> {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}
interface List {
  readonly folders: readonly string[];
  readonly generated: readonly string[];
  readonly words: readonly Word[];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const list: List = JSON.parse(readFileSync(join(root, 'scripts/words.json'), 'utf8'));
const path = join(root, 'scripts/lib/words.mjs');
const { checkWords, findWords } = (await import(path)) as {
  checkWords: (root: string, list: List) => Found[];
  findWords: (source: string, kind: string, words: readonly Word[]) => Omit<Found, 'file'>[];
};

const found = (source: string, kind = '.ts') => findWords(source, kind, list.words).map(({ text }) => text);

describe('the word list', () => {
  it('finds nothing in comments, messages and docs', () => {
    expect(checkWords(root, list)).toEqual([]);
  });

  it('names only folders and files that exist', () => {
    for (const name of [...list.folders, ...list.generated]) {
      expect(() => checkWords(root, { ...list, folders: [name] }), name).not.toThrow();
    }
  });

  it.each([
    'A partition is looked after only in every so manieth round',
    '@returns the undo',
    'until the token is good no more',
    'Have the deadlines looked at anew',
    'Whoever looks dead may just not have been able to say so',
    'printing is dear',
    'Tables of eight fields are no accident',
    'this node was taken for dead here; it rejoins',
    'the start went on',
    'nothing is queued while Redis is away',
    'A replica that is away holds up nothing',
    'somebody who waits for a user',
    'Not here and now: too many connections.',
    'this is no group of yours',
    'an entry of the feed was not taken',
    'somebody could not be told of the health of this node',
    'should this row ever be lost',
    'nobody is present by it',
    'until every partition has been heard of',
    'it is known, else it is asked for',
  ])('refuses "%s"', (text) => {
    expect(found(`// ${text}\n`)).not.toEqual([]);
    expect(found(`-- ${text}\n`, '.lua')).not.toEqual([]);
    expect(found(`${text}.\n`, '.md')).not.toEqual([]);
    expect(found(`throw new Error('${text}');\n`)).not.toEqual([]);
  });

  it.each([
    'A user is away after ten minutes, and busy in a meeting.',
    'The view is `away` or `nobody`.',
    'The status goes from online to offline.',
    'Redis is unreachable; the node continues with what it knows.',
    'Where else a user is present only the store knows.',
    'Otherwise, or else twice, nothing else happens.',
  ])('accepts "%s"', (text) => {
    expect(found(`// ${text}\n`)).toEqual([]);
    expect(found(`${text}\n`, '.md')).toEqual([]);
  });

  it('reads prose, and leaves names and code alone', () => {
    expect(found("const told = nobody(tell);\nif (a) b();\nelse c();\nlog('told');\n")).toEqual([]);
    expect(found('```\nnobody\n```\n', '.md')).toEqual([]);
    expect(found('[why](nobody.md), [nobody](why.md)\n', '.md')).toEqual(['nobody']);
    expect(found('const a = `the $'.concat('{told} user`;\n'))).toEqual([]);
  });

  it('finds a phrase across a line break, and says where it begins', () => {
    expect(
      findWords('/**\n * Nothing is queued while Redis\n * is away.\n */\n', '.ts', list.words),
    ).toMatchObject([{ line: 2, text: 'Redis is away' }]);
  });
});

describe('folders', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-words-'));
    writeFileSync(join(folder, 'a.md'), 'Nobody is here.\n');
    writeFileSync(join(folder, 'b.ts'), '/** Nobody is here. */\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('checks every file but generated ones', () => {
    const only = { ...list, folders: ['a.md', 'b.ts'], generated: [] };
    expect(checkWords(folder, only).map(({ file, line }) => `${file}:${line}`)).toEqual(['a.md:1', 'b.ts:1']);
    expect(checkWords(folder, { ...only, generated: ['b.ts'] }).map(({ file }) => file)).toEqual(['a.md']);
  });
});
