// npm run docs: writes the pages, and the parts of pages, that are made from the code.
// npm run docs:check: writes nothing and fails when one of them says something else than the code.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { protocolPage } from './docs/code-tables.ts';
import { metricsPage } from './docs/metrics-page.ts';
import { settingsPage } from './docs/settings-page.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));

const PAGES: readonly (readonly [path: string, make: (now: string) => string | Promise<string>])[] = [
  ['settings.md', settingsPage],
  ['metrics.md', metricsPage],
  ['protocol.md', protocolPage],
];

const read = (path: string): string => (existsSync(DOCS + path) ? readFileSync(DOCS + path, 'utf8') : '');

const checking = process.argv.includes('--check');
let failed = false;
for (const [path, make] of PAGES) {
  const now = read(path);
  try {
    const wanted = await make(now);
    if (wanted === now) continue;
    if (checking) {
      console.error(`docs/${path} is out of date: run "npm run docs" and commit what it changes`);
      failed = true;
    } else {
      writeFileSync(DOCS + path, wanted);
      console.log(`docs/${path} written`);
    }
  } catch (error) {
    console.error(`docs/${path} ${(error as Error).message}`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
