import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { end, own } from '../support/child.ts';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { mastersOf, startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../examples/mirror-to-sql/main.mjs', import.meta.url));

interface Row {
  readonly id: string;
  readonly status: string;
  readonly last_seen: string | null;
}

/** The example, as somebody would run it. */
class MirrorProcess {
  log = '';
  readonly #child: ChildProcess;

  constructor(env: Record<string, string>) {
    this.#child = own(
      spawn(process.execPath, [MAIN], {
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    const write = (chunk: Buffer): void => {
      this.log += chunk.toString();
    };
    this.#child.stdout?.on('data', write);
    this.#child.stderr?.on('data', write);
  }

  async says(text: string, timeoutMs = 15_000): Promise<void> {
    await until(() => this.log.includes(text), { what: `"${text}" in ${this.log.slice(-500)}`, timeoutMs });
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
    return end(this.#child, signal);
  }
}

describe.skipIf(!hasRedisBinary)('the example that mirrors presence to a SQL table', () => {
  let redis: RedisServer | RedisTopology;
  let cluster: Cluster;
  let folder: string;
  let database: string;
  let mirror: MirrorProcess | undefined;
  beforeAll(async () => {
    redis = await startTopology();
    cluster = await Cluster.start({ nodes: 2, redis });
    folder = await mkdtemp(join(tmpdir(), 'rollcall-mirror-'));
    database = join(folder, 'users.db');
  });
  afterAll(async () => {
    await mirror?.stop('SIGKILL');
    await cluster?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const start = async (node: number): Promise<MirrorProcess> => {
    mirror = new MirrorProcess({
      ROLLCALL_URL: cluster.node(node).httpUrl,
      ROLLCALL_TOKEN: await cluster.token({ sub: 'mirror', scope: 'read events' }),
      DATABASE: database,
    });
    return mirror;
  };

  /** The table as it is on disk; the service may be writing it. */
  const table = (): Map<string, Row> => {
    const db = new sqlite.Database(database, { readOnly: true });
    try {
      db.exec('PRAGMA busy_timeout = 1000');
      const rows = db.all('SELECT id, status, last_seen FROM users') as unknown as Row[];
      return new Map(rows.map((row) => [row.id, row]));
    } finally {
      db.close();
    }
  };
  const snapshot = async (users: readonly string[]): Promise<Row[]> => {
    const { json } = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users } });
    const presences = json.users as { user: string; status: string; lastSeen?: string }[];
    return presences.map(({ user, status, lastSeen = null }) => ({ id: user, status, last_seen: lastSeen }));
  };
  /** The table and a fresh snapshot become the same. */
  const agrees = (users: readonly string[], timeoutMs: number): Promise<unknown> =>
    until(
      async () => {
        const [rows, shown] = [table(), await snapshot(users)];
        expect(users.map((user) => rows.get(user))).toEqual(shown);
        return true;
      },
      { what: 'the same table as a snapshot', timeoutMs, everyMs: 150 },
    ).catch((cause: unknown) => {
      throw new Error(`the service said: ${mirror?.log.slice(-1500)}`, { cause });
    });

  const users = Array.from({ length: 24 }, (_, i) => `m-${i}`);

  it('holds what a snapshot says, also after it was down under churn, killed, and told to begin anew', async () => {
    const early = await Promise.all(
      users.slice(0, 12).map((user, i) => cluster.connect(user, { node: i % 2 })),
    );
    let running = await start(0);
    await running.says('snapshot: ');
    await agrees(users.slice(0, 12), 10_000);

    // Live, then down for a while: stopped in good order the first time, killed the second.
    const late = await Promise.all(
      users.slice(12, 18).map((user, i) => cluster.connect(user, { node: i % 2 })),
    );
    await agrees(users.slice(0, 18), 10_000);
    for (const [round, signal] of (['SIGTERM', 'SIGKILL'] as const).entries()) {
      await running.stop(signal);
      const half = [...early, ...late].filter((_, i) => i % 4 === round);
      for (const [i, client] of half.entries()) {
        if (i % 2 === 0) await client.bye();
        else await client.ask({ type: 'status', status: i % 4 === 1 ? 'busy' : 'away' });
      }
      await Promise.all(users.slice(18 + round * 3, 21 + round * 3).map((user) => cluster.connect(user)));
      running = await start(1 - round);
      await agrees(users.slice(0, 21 + round * 3), 15_000);
      expect(running.log).not.toContain('snapshot');
    }

    // Redis loses everything while somebody leaves: the table must not keep them online.
    for (const master of await mastersOf(redis)) await master.call('FLUSHALL');
    await late[5]?.bye();
    await running.says('snapshot: ', healBound() + 10_000);
    await agrees(users, bound() + healBound() + SLACK_MS + 10_000);
    expect(await until(() => table().get('m-17')?.status, { what: 'a row' })).toBe('offline');
    await cluster.connect('m-17');
    await agrees(users, 10_000);
    await running.stop();
    expect(running.log).toContain('stopped');
  });
});
