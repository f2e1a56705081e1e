// npm run docs: writes the pages, and the parts of pages, that are made from the code; also the dashboards of
// Grafana, and what the client shares with the service.
// npm run docs:check: writes nothing and fails when one of them says something else than the code.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboardFile } from './dashboards/dashboard.ts';
import { overview } from './dashboards/overview.ts';
import { rollout } from './dashboards/rollout.ts';
import { clientCodes, clientFrames } from './docs/client-protocol.ts';
import { protocolPage } from './docs/code-tables.ts';
import { httpPage } from './docs/http-page.ts';
import { metricsPage } from './docs/metrics-page.ts';
import { tokensPage } from './docs/scopes-table.ts';
import { settingsPage } from './docs/settings-page.ts';
import { redisPage } from './docs/topology-tests.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));

const PAGES: readonly (readonly [path: string, make: (now: string) => string | Promise<string>])[] = [
  ['settings.md', settingsPage],
  ['metrics.md', metricsPage],
  ['http.md', httpPage],
  ['tokens.md', tokensPage],
  ['protocol.md', protocolPage],
  ['redis.md', redisPage],
  ['../packages/client/src/protocol/codes.ts', clientCodes],
  ['../packages/client/src/protocol/frames.ts', clientFrames],
  ['../helm/rollcall/files/dashboards/overview.json', () => dashboardFile(overview)],
  ['../helm/rollcall/files/dashboards/rollout.json', () => dashboardFile(rollout)],
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
