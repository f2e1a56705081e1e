import { expect, it } from 'vitest';
import { protocolPage } from '../../../scripts/docs/code-tables.ts';
import { replaceBlock, table } from '../../../scripts/docs/markdown.ts';
import { metricsPage } from '../../../scripts/docs/metrics-page.ts';
import { settingsPage } from '../../../scripts/docs/settings-page.ts';
import { CLOSE_CODES, ERROR_CODES } from '../../../src/protocol/codes.ts';
import { CONTRACT } from '../config/contract.ts';

it('documents every setting once, with its default', () => {
  const rows = settingsPage().split('\n');
  for (const [name, { fallback }] of Object.entries(CONTRACT)) {
    const found = rows.filter((row) => row.startsWith(`| \`${name}\` |`));
    expect(found).toHaveLength(1);
    if (typeof fallback === 'number') expect(found[0]).toContain(`| \`${fallback}\` |`);
  }
});

it('documents metrics with type and labels', async () => {
  const page = await metricsPage();
  expect(page).toContain('| `rollcall_transitions_total` | counter | `status`, `reason` |');
  expect(page).toContain('| `rollcall_connections` | gauge | — |');
});

it('fills the tables of codes and leaves the rest as it is', () => {
  const blank = ['close', 'error']
    .map(
      (kind) =>
        `before ${kind}\n<!-- generated:${kind}-codes -->\nstale table\n<!-- /generated:${kind}-codes -->\nafter ${kind}`,
    )
    .join('\n');
  const page = protocolPage(blank);
  for (const code of Object.keys(CLOSE_CODES)) expect(page).toContain(`| ${code} | `);
  for (const code of Object.keys(ERROR_CODES)) expect(page).toContain(`| \`${code}\` | `);
  expect(page).not.toContain('stale table');
  expect(page).toMatch(/^before close[\s\S]*after close\nbefore error[\s\S]*after error$/);
  expect(protocolPage(page)).toBe(page);
});

it('refuses a page without the block, or with two of them', () => {
  const block = '<!-- generated:a --><!-- /generated:a -->';
  expect(() => replaceBlock('nothing', 'a', 'x')).toThrow('must have one block');
  expect(() => replaceBlock('<!-- generated:a -->', 'a', 'x')).toThrow('must have one block');
  expect(() => replaceBlock(block + block, 'a', 'x')).toThrow('must have one block');
});

it('keeps bars and line ends inside their cell', () => {
  expect(table(['a'], [['x|y\nz']])).toBe('| a |\n| --- |\n| x\\|y z |');
});
