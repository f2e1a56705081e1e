import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/privacy.md', ROOT), 'utf8');

/** Tests that cells name: the file, and how the title begins. */
const named = [...PAGE.matchAll(/`((?:test\/unit\/[\w/-]+)|[a-z-]+)`: ([^|;]+?)(?= *[|;])/g)].map(
  ([, file = '', title = '']) => [file, title.trim()] as const,
);

it('names a test in every row', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| ') && !/^\| (surface|---)/.test(line));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row).toMatch(/`[\w/-]+`: /);
});

it.each(named)('%s: %s', (file, title) => {
  const path = file.startsWith('test/') ? `${file}.test.ts` : `test/integration/${file}.test.ts`;
  const source = readFileSync(new URL(path, ROOT), 'utf8');
  // Titles are written between quotes of either kind.
  expect(source.includes(`'${title}`) || source.includes(`\`${title}`), `no test of ${path} begins so`).toBe(
    true,
  );
});
