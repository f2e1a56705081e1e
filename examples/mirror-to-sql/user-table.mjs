import { rmSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL DEFAULT 'offline',
    last_seen TEXT,
    -- Of the newest event that was applied: whatever is not newer has been, or is older than what is here.
    presence_ver INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS rollcall_cursor (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    cursor TEXT NOT NULL
  );
`;

const UPSERT = `
  INSERT INTO users (id, status, last_seen, presence_ver) VALUES (?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, last_seen = excluded.last_seen, presence_ver = excluded.presence_ver
`;

/** The table of users, and how far it follows Rollcall: a sink of `@rollcall/events`. */
export class UserTable {
  #db;

  constructor(file) {
    // What a process that was killed leaves of its lock. Nobody else may have this file open.
    rmSync(`${file}.lock`, { recursive: true, force: true });
    this.#db = new sqlite.Database(file);
    // Whoever reads the table meanwhile is waited for.
    this.#db.exec('PRAGMA busy_timeout = 2000');
    this.#db.exec(SCHEMA);
  }

  /** Where to continue; `undefined` when a snapshot has to be read first. */
  load() {
    return this.#db.get('SELECT cursor FROM rollcall_cursor')?.cursor;
  }

  /** Whom to ask for when they are not online. */
  known() {
    return this.#db.all('SELECT id FROM users').map(({ id }) => id);
  }

  /** Takes over what is newer, and with it the cursor that comes after it: all of it or nothing. */
  apply(events, cursor) {
    this.#transaction(() => {
      for (const { type, data } of events) {
        const { user, status, lastSeen, ver } = data;
        // A forgotten user is one whom nobody knows: offline, and never seen.
        const row =
          type === 'rollcall.forgotten'
            ? [user, 'offline', null, ver]
            : [user, status, lastSeen ?? null, ver];
        this.#db.run(`${UPSERT} WHERE excluded.presence_ver > users.presence_ver`, row);
      }
      if (cursor !== undefined)
        this.#db.run('INSERT OR REPLACE INTO rollcall_cursor (only_row, cursor) VALUES (1, ?)', [cursor]);
    });
  }

  /** Takes over what a snapshot says, whatever is here: after a loss of data even versions may be others. */
  replace(presences) {
    this.#transaction(() => {
      for (const { user, status, lastSeen, ver } of presences)
        this.#db.run(UPSERT, [user, status, lastSeen ?? null, ver]);
    });
  }

  /** What is here may be wrong: a process that starts now begins with a snapshot. */
  forget() {
    this.#db.run('DELETE FROM rollcall_cursor');
  }

  close() {
    this.#db.close();
  }

  #transaction(run) {
    this.#db.exec('BEGIN');
    try {
      run();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
