import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { type Recipe, RecipeProcess, recipesOf, settingsOf } from '../support/recipe.ts';
import { until } from '../support/until.ts';

const RECIPES = recipesOf('docs/recipes.md');
const tested: string[] = [];
/** Names a test after its recipe. */
const title = (name: string): string => {
  tested.push(name);
  return name;
};
const OPERATOR = { sub: 'ops', scope: 'read admin write' };

/** What is looked at of an answer. */
interface Json {
  readonly status?: string;
  readonly lastSeen?: string;
  readonly note?: { readonly text: string };
  readonly claims?: readonly { readonly source: string; readonly from?: string }[];
  readonly transitions?: readonly { readonly text?: string }[];
}

/** Each block of the page runs as it stands, and what it promises is looked at from outside. */
describe('the recipes', () => {
  let cluster: Cluster;
  const running: RecipeProcess[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { TRANSITION_INTERVAL_MS: '0' } });
    // One more, which issues tokens.
    await cluster.addNode({ PASETO_KEYS: cluster.issuer.secretKey });
  });
  afterEach(async () => {
    cluster.disconnectAll();
    for (const recipe of running.splice(0)) await recipe.stop();
  });
  afterAll(() => cluster?.stop());

  const recipe = (name: string): Recipe => {
    const found = RECIPES.find((each) => each.title === name);
    if (found === undefined) throw new Error(`there is no recipe "${name}"`);
    return found;
  };
  /** Runs one with a token of these scopes. */
  const run = async (name: string, scope: string, { user = 'backend', node = 0, env = {} } = {}) => {
    const TOKEN = await cluster.token({ sub: user, scope });
    const process = new RecipeProcess(recipe(name), { ROLLCALL: cluster.node(node).httpUrl, TOKEN, ...env });
    running.push(process);
    return process;
  };
  const get = async (path: string) => (await cluster.http(path, { claims: OPERATOR })).json as Json;
  const explained = (user: string) => get(`/v1/presence/users/${user}/explain`);

  it('are ten, each with a test here', () => {
    expect(RECIPES.map((each) => each.title)).toEqual(tested);
    expect(RECIPES).toHaveLength(10);
  });

  it(title('Calendar and calls'), async () => {
    await cluster.connect('alice');
    expect(await (await run('Calendar and calls', 'write')).done()).toEqual(['false']);
    const { claims, transitions } = await explained('alice');
    expect(claims?.map(({ source }) => source)).toEqual(['calendar']);
    expect(Date.parse(claims?.[0]?.from ?? '')).toBeGreaterThan(Date.now());
    expect(transitions?.map(({ text }) => text)).toContain('In a call');
    expect((await get('/v1/presence/users/alice')).status).toBe('online');
  });

  it(title('On leave'), async () => {
    await (await run('On leave', 'write')).done();
    expect(await get('/v1/presence/users/alice')).toMatchObject({
      note: { text: 'On leave until 15 January, ask Bob', until: '2100-01-15T23:59:59.000Z' },
    });
    expect((await explained('alice')).claims).toContainEqual(
      expect.objectContaining({ source: 'leave', priority: 150, from: '2100-01-04T00:00:00.000Z' }),
    );
  });

  it(title('Push only where the desktop is unused'), async () => {
    await cluster.connect('reads', { device: 'desktop' });
    await cluster.connect('walks', { device: 'mobile' });
    await cluster.connect('walks', { device: 'desktop', path: '/v1/ws?activity=idle', node: 1 });
    const pushes = await run('Push only where the desktop is unused', 'read');
    expect(await pushes.done()).toEqual(['reads false', 'walks true', 'sleeps true']);
  });

  it(title('An office behind one address'), async () => {
    const [usual, office] = [
      await cluster.addNode({ UPGRADE_RATE: undefined }),
      await cluster.addNode({
        UPGRADE_RATE: undefined,
        ...settingsOf(recipe('An office behind one address')),
      }),
    ];
    /** How many of these, all at once and without a token yet, are let in. */
    const opens = async (url: string, count: number): Promise<number> => {
      const clients = Array.from({ length: count }, () =>
        cluster.track(new Client(url, { headers: { 'X-Forwarded-For': '192.0.2.1' } })),
      );
      await until(() => clients.every((one) => one.opened || one.refused), { what: 'every answer' });
      return clients.filter((one) => one.opened && !one.closed).length;
    };
    expect(await opens(office.wsUrl, 300)).toBe(300);
    cluster.disconnectAll();
    expect(await opens(usual.wsUrl, 300)).toBeLessThan(300);
  });

  it(title('A desktop app that wakes at night'), async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['owl'] });
    const evening = await cluster.connect('owl', { path: '/v1/ws?activity=active' });
    await watcher.sees('owl', 'online');
    await evening.bye();
    const { lastSeen } = await watcher.sees('owl', 'offline');
    const app = await run('A desktop app that wakes at night', 'connect', { user: 'owl', node: 1 });
    expect((await watcher.sees('owl', 'away')).lastSeen).toBe(lastSeen);
    app.send('user-did-become-active');
    await watcher.sees('owl', 'online');
    app.send('lock-screen');
    await watcher.sees('owl', 'away');
    expect(watcher.history('owl').map(({ status }) => status)).toEqual([
      ...['offline', 'online', 'offline'],
      ...['away', 'online', 'away'],
    ]);
  });

  it(title('Moderation'), async () => {
    const claims = { groups: ['general', 'secret'] };
    const watcher = await cluster.connect('watcher', { claims });
    await watcher.watch({ groups: ['secret'] });
    const token = await cluster.token({ sub: 'mallory', ...claims });
    const phone = await cluster.connect('mallory', { token, device: 'mobile' });
    const web = await cluster.connect('mallory', { token, node: 1 });
    await watcher.sees('mallory', 'online');
    await (await run('Moderation', 'write admin')).done();
    const isGone = () => watcher.of('gone').some(({ users }) => users?.includes('mallory'));
    await watcher.until(isGone, { what: 'mallory to be gone from the group' });
    for (const client of [phone, web]) {
      await client.until(() => client.closed, { what: 'the end' });
      expect(client.closed?.code).toBe(4403);
    }
    await expect(cluster.connect('mallory', { token })).rejects.toThrow('no welcome');
    const count = async (group: string) => get(`/v1/presence/count?group=${group}`);
    expect(await count('general')).toMatchObject({ members: 2 });
    expect(await count('secret')).toMatchObject({ members: 1 });
  });

  it(title('A table of last seen'), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-'));
    const DATABASE = join(folder, 'last-seen.db');
    const follower = await run('A table of last seen', 'read events', { env: { DATABASE } });
    const left = await cluster.connect('left');
    await cluster.connect('stays');
    const rows = () => {
      const db = new sqlite.Database(DATABASE);
      try {
        db.exec('PRAGMA busy_timeout = 2000');
        return db.all("SELECT user, at FROM last_seen WHERE user IN ('left', 'stays') ORDER BY user");
      } finally {
        db.close();
      }
    };
    await until(() => rows().length === 2, { what: 'both in the table', saw: () => follower.errors });
    await left.bye();
    const { lastSeen } = await until(
      async () => {
        const seen = await get('/v1/presence/users/left');
        return seen.lastSeen ? seen : undefined;
      },
      { what: 'when they left' },
    );
    await until(() => rows().length === 2 && rows()[0]?.['at'] === lastSeen, {
      what: `the table after ${follower.errors}`,
    });
    expect(rows()).toEqual([
      { user: 'left', at: lastSeen },
      { user: 'stays', at: null },
    ]);
    rmSync(folder, { recursive: true, force: true });
  });

  it(title('A thousand contacts'), async () => {
    const first = await cluster.connect('user-0');
    await cluster.connect('user-500', { node: 1 });
    const app = await run('A thousand contacts', 'connect watch', { user: 'me' });
    await app.says('1000 contacts, 2 here');
    await cluster.connect('user-999');
    await app.says('1000 contacts, 3 here');
    await first.bye();
    await until(() => app.lines.at(-1) === '1000 contacts, 2 here', { what: 'one to leave' });
  });

  it(title('Roles and groups from a backend'), async () => {
    const backend = await run('Roles and groups from a backend', 'mint write', { node: 2 });
    const [token = ''] = await backend.done();
    expect(await get('/v1/presence/count?group=blue')).toMatchObject({ members: 1 });
    const alice = await cluster.connect('alice', { token, node: 2 });
    // A slow store may say which groups they are in only after the welcome.
    await until(
      async () => (await alice.ask({ type: 'watch', groups: ['red', 'blue'] })).type === 'presence',
      {
        what: 'both groups',
      },
    );
    expect(await alice.ask({ type: 'watch', tenant: true })).toMatchObject({ snapshot: true });
  });

  it(title('Signing in again after a revocation'), async () => {
    const app = await run('Signing in again after a revocation', 'admin mint', { node: 2 });
    await until(() => app.lines.filter((line) => line === 'welcome').length === 2, {
      what: `two welcomes in ${app.lines.join()}${app.errors}`,
    });
    expect(app.lines).toEqual(expect.arrayContaining(['welcome', 'closed 4403', 'welcome']));
    expect(app.lines.indexOf('closed 4403')).toBeLessThan(app.lines.lastIndexOf('welcome'));
  });
});
