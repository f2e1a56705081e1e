import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** All pages, but for the decisions: they are listed by their folder. */
const PAGES = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !path.startsWith('decisions'))
  .map((path) => `docs/${path}`);
const ALL = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...PAGES];

const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

/** Targets of the links of a page that stay in the repository, relative to its root. */
const linksOf = (page: string): { file: string; anchor: string }[] =>
  [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { file: path === '' ? page : normalize(join(dirname(page), path)), anchor };
    });

/** Headings as GitHub names them, and anchors set by hand. */
const anchorsOf = (page: string): string[] => {
  const text = read(page);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
};

describe('the index of the docs', () => {
  const listed = linksOf('docs/README.md').map(({ file }) => file);

  it.each(PAGES.filter((page) => page !== 'docs/README.md'))('has %s', (page) => {
    expect(listed).toContain(page);
    expect(linksOf('README.md').map(({ file }) => file)).toContain(page);
  });
});

it.each(ALL)('%s links only to what is there', (page) => {
  for (const { file, anchor } of linksOf(page)) {
    expect(existsSync(join(ROOT, file)), `${page} links to ${file}`).toBe(true);
    if (anchor === '' || statSync(join(ROOT, file)).isDirectory()) continue;
    expect(anchorsOf(file), `${page} links to #${anchor} of ${file}`).toContain(anchor);
  }
});

describe('the glossary', () => {
  const rows = read('docs/glossary.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (word|---)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has every word once', () => {
    const words = rows.map(([, word]) => word);
    expect(words.length).toBeGreaterThan(60);
    expect(new Set(words).size).toBe(words.length);
  });

  it.each(rows.map(([, word, , where]) => [word, where]))('says where "%s" lives', (_word, where = '') => {
    const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  });
});

it('finds every file that the ten questions name', () => {
  const questions = read('docs/architecture.md').split('## Ten questions')[1] ?? '';
  const named = [...questions.matchAll(/`([\w./-]+\.(?:ts|lua))`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(20);
  for (const file of named.filter((name) => name.includes('/'))) {
    const path = /^(test|scripts)\//.test(file) ? file : `src/${file}`;
    expect(existsSync(join(ROOT, path)), file).toBe(true);
  }
  expect([...questions.matchAll(/^\*\*.*\?\*\*/gm)]).toHaveLength(10);
});

const DECISIONS = readdirSync(join(ROOT, 'docs/decisions')).map((name) => `docs/decisions/${name}`);

it.each([...ALL, ...DECISIONS])('%s names only files that are there', (page) => {
  const named = [
    ...read(page).matchAll(/`((?:src|test|scripts|bench|dev|examples|deploy|helm)\/[\w./-]+)`/g),
  ];
  for (const [, path = ''] of named) {
    const isThere = [path, `${path}.ts`, `${path}.test.ts`].some((one) => existsSync(join(ROOT, one)));
    expect(isThere, `${page} names ${path}`).toBe(true);
  }
});
