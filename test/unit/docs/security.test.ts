import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COLUMNS = ['what', 'by whom', 'bytes and pieces', 'how many', 'how long', 'test'];

const section = readFileSync(`${ROOT}docs/security.md`, 'utf8')
  .split('## What can be filled\n')[1]
  ?.split('\n## ')[0];
const lines = (section ?? '').split('\n').filter((line) => line.startsWith('| '));
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = lines.slice(2).map((line) => cells(line));

describe('the table of what can be filled', () => {
  it('has its columns, and a bound in every row', () => {
    expect(cells(lines[0] ?? '')).toEqual(COLUMNS);
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
      expect(row, row[0]).toHaveLength(COLUMNS.length);
      expect(
        row.slice(2, 5).some((bound) => bound !== ''),
        `a bound of ${row[0]}`,
      ).toBe(true);
    }
  });

  it.each(rows.map((row) => [row[0], row[5]]))('%s: its test is there', (_, test = '') => {
    const [, file = '', title = ''] = /^`(test\/[\w/.-]+\.test\.ts)`: (.+)$/.exec(test) ?? [];
    expect(existsSync(ROOT + file), test).toBe(true);
    expect(title.length, 'enough of a title to find it').toBeGreaterThan(12);
    expect(readFileSync(ROOT + file, 'utf8'), test).toContain(title);
  });
});
