import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { protocolPage } from '../../../scripts/docs/code-tables.ts';
import { httpPage } from '../../../scripts/docs/http-page.ts';
import { replaceBlock, table } from '../../../scripts/docs/markdown.ts';
import { metricsPage } from '../../../scripts/docs/metrics-page.ts';
import { callsOf, openApiDocument } from '../../../scripts/docs/openapi.ts';
import { scopesTable } from '../../../scripts/docs/scopes-table.ts';
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

// The package is not on npm, and its command is on nobody's PATH.
it('calls the command line as a clone can', async () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'examples/mirror-to-sql/README.md'];
  for (const name of await readdir('docs')) if (name.endsWith('.md')) pages.push(`docs/${name}`);
  for (const page of pages) {
    const text = await readFile(page, 'utf8');
    expect(
      text.match(
        /(?<!npx )\brollcall (?:token|watch|keygen|print-config|check-config) --.*|^rollcall (?:token|watch|keygen).*/gm,
      ),
      page,
    ).toBeNull();
  }
});

it('documents metrics with type and labels', async () => {
  const page = await metricsPage();
  expect(page).toContain('| `rollcall_transitions_total` | counter | `status`, `reason` |');
  expect(page).toContain('| `rollcall_connections` | gauge | — |');
});

it('documents every call, with its fields', async () => {
  const [page, document] = [await httpPage(), await openApiDocument()];
  const calls = callsOf(document);
  expect(calls.length).toBeGreaterThan(15);
  for (const { name, call } of calls) {
    const section = page.split(`\n### \`${name}\`\n`)[1]?.split('\n### ')[0] ?? '';
    expect(section, name).toContain(call.summary);
    const { properties = {} } = Object.values(call.requestBody?.content ?? {})[0]?.schema ?? {};
    for (const field of Object.keys(properties)) expect(section, name).toContain(`\`${field}\``);
  }
});

it('has every call in the row of its scope', async () => {
  const document = await openApiDocument();
  const rows = scopesTable(document).split('\n');
  for (const { name, call } of callsOf(document)) {
    const [scope = ''] = call.security[0]?.bearer ?? [];
    expect(rows.find((row) => row.startsWith(`| \`${scope}\` |`))).toContain(`\`${name}\``);
  }
});

it('fills the tables of codes and leaves the rest as it is', () => {
  const blank = ['close', 'error']
    .map(
      (kind) =>
        `before ${kind}\n<!-- generated:${kind}-codes -->\nstale table\n<!-- /generated:${kind}-codes -->\nafter ${kind}`,
    )
    .join('\n');
  const page = protocolPage(blank);
  for (const [code, { name, reconnect }] of Object.entries(CLOSE_CODES))
    expect(page).toContain(`| ${code} | \`${name}\` | ${reconnect} | `);
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
