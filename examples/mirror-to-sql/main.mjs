// Keeps a table of users as Rollcall shows them. Everything that it has to remember is in the database: it may be stopped
// or killed at any moment, and continues where the last transaction ended.
import { readFileSync } from 'node:fs';
import { follow } from '@rollcall/events';
import { UserTable } from './user-table.mjs';

const {
  ROLLCALL_URL,
  ROLLCALL_TOKEN,
  ROLLCALL_TOKEN_FILE,
  ROLLCALL_TENANT,
  DATABASE = 'users.db',
} = process.env;
if (!ROLLCALL_URL || !(ROLLCALL_TOKEN || ROLLCALL_TOKEN_FILE)) {
  console.error('ROLLCALL_URL and ROLLCALL_TOKEN or ROLLCALL_TOKEN_FILE are required');
  process.exit(78);
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

const sink = new UserTable(DATABASE);
console.log(`mirroring ${ROLLCALL_URL} to ${DATABASE}`);
await follow({
  url: ROLLCALL_URL,
  ...(ROLLCALL_TENANT && { tenant: ROLLCALL_TENANT }),
  // Read again each time: tokens are replaced while this runs.
  getToken: () => (ROLLCALL_TOKEN_FILE ? readFileSync(ROLLCALL_TOKEN_FILE, 'utf8').trim() : ROLLCALL_TOKEN),
  sink,
  signal: stopping.signal,
  onState: ({ state, read, error }) => {
    if (error) console.error(`${error.code ?? error.name}: ${error.message}`);
    else if (state === 'snapshot') console.log(`snapshot: ${read} users so far`);
  },
});
sink.close();
console.log('stopped');
