// Keeps a table of users as Rollcall sees them. Everything it has to remember is in the database: it may be stopped or
// killed at any moment, and goes on where the last transaction left off.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { events, Refused } from './event-stream.mjs';
import { readSnapshot } from './snapshot.mjs';
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

/** Rows of one transaction at most: what is not committed yet is in memory. */
const MAX_BATCH = 1000;
/** Between attempts, ms, until the stream says otherwise. */
const RETRY_MS = 1000;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

const table = new UserTable(DATABASE);
const api = {
  url: ROLLCALL_URL,
  tenant: ROLLCALL_TENANT,
  signal: stopping.signal,
  // Read anew each time: tokens are replaced while this runs.
  token: () => (ROLLCALL_TOKEN_FILE ? readFileSync(ROLLCALL_TOKEN_FILE, 'utf8').trim() : ROLLCALL_TOKEN),
};
let retryMs = RETRY_MS;

/** One connection to the stream, until it ends. */
const follow = async () => {
  let batch = [];
  for await (const { kind, value } of events(api, table.cursor)) {
    if (kind === 'open' && table.cursor === undefined) {
      // Read after the stream was opened: whatever happens meanwhile comes through it.
      await readSnapshot(api, table);
      console.log('read a snapshot');
    } else if (kind === 'transition') {
      batch.push(value);
      if (batch.length < MAX_BATCH) continue;
      table.apply(batch);
      batch = [];
    } else if (kind === 'id') {
      // Everything before this id was sent: rows and cursor belong together, in one transaction.
      table.apply(batch, value);
      batch = [];
    } else if (kind === 'reset') {
      // What is in the table may be wrong. Should this process die before the snapshot is there, it begins with one.
      table.forgetCursor();
      batch = [];
      await readSnapshot(api, table);
      console.log('was told to begin anew: read a snapshot');
    } else if (kind === 'retry') {
      retryMs = value;
    }
  }
};

console.log(`mirroring ${ROLLCALL_URL} to ${DATABASE}`);
while (!stopping.signal.aborted) {
  try {
    await follow();
  } catch (error) {
    if (stopping.signal.aborted) break;
    console.error(`the stream broke off: ${error.message}`);
    // A cursor of another deployment: there is nothing to go on with.
    if (error instanceof Refused && error.status === 400) table.forgetCursor();
  }
  await sleep(retryMs * (0.5 + Math.random()), undefined, { signal: stopping.signal }).catch(() => {});
}
table.close();
console.log('stopped');
