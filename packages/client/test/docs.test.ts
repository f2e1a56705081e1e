import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { type Client, createClient, type Options } from '../src/index.ts';
import { createFake } from '../src/testing/index.ts';

const PAGE = readFileSync(new URL('../../../docs/client.md', import.meta.url), 'utf8');

it('the first example of the page runs, and says what it promises', async () => {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(PAGE) ?? [];
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(14);
  const [imports = '', ...body] = code.split('\n');
  expect(imports).toBe("import { createClient } from '@rollcall/client';");
  const fake = createFake();
  fake.set('ada', 'busy');
  const said: unknown[] = [];
  let client: Client | undefined;
  const run = new Function('createClient', 'fetch', 'console', body.join('\n'));
  run(
    (options: Options) => {
      client = createClient({ ...options, WebSocket: fake.WebSocket });
      return client;
    },
    async () => ({ text: async () => fake.token('me') }),
    { log: (what: unknown) => said.push(what) },
  );
  await until(() => said.at(-1) === 'busy', { saw: () => said });
  fake.set('ada', 'online');
  await until(() => said.at(-1) === 'online', { saw: () => said });
  client?.close();
});
