// npm run sizes: what an app pays for the client, min + gzip. Fails when a part is over its budget.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { compilePackages } from './lib/compile-packages.mjs';
import { root } from './lib/root.mjs';

const HOOKS = `export {
  RollcallProvider, useClient, useConnection, useCount, useLastSeen, useMembers, useNote, useOwnStatus, usePlace,
  usePlaceMembers, usePresence, usePresenceOf, useTyping, useTypingUsers
} from '@rollcall/client/react';`;

/** Each is the smallest import that is of use, and its budget in kB (1,000 bytes). React itself does not count. */
const BUDGETS = [
  { what: '@rollcall/client', code: "export { createClient } from '@rollcall/client';", kB: 14 },
  { what: '@rollcall/client/http', code: "export * from '@rollcall/client/http';", kB: 0.8 },
  {
    what: '@rollcall/client/react, provider and usePresence',
    code: "export { RollcallProvider, usePresence } from '@rollcall/client/react';",
    kB: 1.5,
  },
  { what: '@rollcall/client/react, every hook', code: HOOKS, kB: 3 },
  { what: '@rollcall/client/react, all of it', code: "export * from '@rollcall/client/react';", kB: 7 },
  { what: '@rollcall/events, the stream', code: "export { events } from '@rollcall/events';", kB: 3 },
  { what: '@rollcall/events, all of it', code: "export * from '@rollcall/events';", kB: 4.5 },
];

const sizeOf = async (code) => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['react', 'react/jsx-runtime', 'node:*'],
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1_000;
};

await compilePackages();
for (const { what, code, kB } of BUDGETS) {
  const size = await sizeOf(code);
  const isOver = size > kB;
  console.log(`${isOver ? 'OVER ' : ''}${what}: ${size.toFixed(2)} of ${kB} kB`);
  if (isOver) process.exitCode = 1;
}
