import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/ports.ts';
import { holds, until } from '../support/until.ts';
import { SteadyClient } from './steady-client.ts';

/**
 * How to call Docker Compose, for instance `docker compose`. Only on request: it needs an engine, and images that the
 * engine has or gets. `ROLLCALL_IMAGE`, `HAPROXY_IMAGE` and `REDIS_IMAGE` name others than those of the file.
 */
const COMPOSE = process.env.ROLLCALL_COMPOSE?.split(' ');
/** DRAIN_GRACE_MS by default, and what a node takes to leave before it runs. */
const LONGEST_GRACE_MS = 16_000;
const PEOPLE = Array.from({ length: 20 }, (_, i) => `person-${i}`);

const run = promisify(execFile);

describe.skipIf(COMPOSE === undefined)('docker-compose.yml with a real engine', () => {
  const project = `rollcall-test-${randomUUID().slice(0, 8)}`;
  const steady: SteadyClient[] = [];
  let env: NodeJS.ProcessEnv;
  let url: string;
  let http: string;

  const compose = async (...args: string[]): Promise<string> => {
    const [program = '', ...before] = COMPOSE ?? [];
    const { stdout } = await run(program, [...before, '-p', project, ...args], { env, timeout: 300_000 });
    return stdout.trim();
  };
  const token = (user: string, scope = 'connect'): Promise<string> =>
    compose('run', '--rm', '-T', 'cli', 'token', '--user', user, '--scope', scope);
  const running = async (): Promise<number> =>
    (await compose('ps', '-q', '--status', 'running', 'rollcall')).split('\n').filter(Boolean).length;

  beforeAll(async () => {
    const [port, stats] = [await freePort(), await freePort()];
    env = { ...process.env, ROLLCALL_PORT: String(port), HAPROXY_STATS_PORT: String(stats) };
    url = `ws://127.0.0.1:${port}/v1/ws`;
    http = `http://127.0.0.1:${port}`;
    await compose('up', '-d', ...(process.env.ROLLCALL_IMAGE === undefined ? ['--build'] : ['--no-build']));
    const answers = async (): Promise<boolean> =>
      (await fetch(`${http}/v1/presence/count`, { signal: AbortSignal.timeout(3_000) })).status === 401;
    await until(answers, { timeoutMs: 60_000, what: 'a node behind HAProxy' });
  }, 600_000);

  afterAll(async () => {
    for (const client of steady) client.stop();
    await compose('down', '-v', '--timeout', '20');
  }, 120_000);

  it('a client that stays connected is never offline while nodes are taken away and added', async () => {
    expect(await running()).toBe(3);
    const watcher = new SteadyClient(url, await token('watcher', 'connect watch'), PEOPLE);
    steady.push(watcher);
    for (const name of PEOPLE) steady.push(new SteadyClient(url, await token(name)));
    const status = (name: string): string | undefined => watcher.history(name).at(-1)?.status;
    await until(() => PEOPLE.every((name) => status(name) === 'online'), {
      timeoutMs: 60_000,
      what: 'everybody online',
    });
    const connects = (): number => steady.reduce((sum, client) => sum + client.connects, 0);

    for (const nodes of [2, 1, 3]) {
      const before = connects();
      await compose('up', '-d', '--no-build', '--no-recreate', '--scale', `rollcall=${nodes}`);
      expect(await running()).toBe(nodes);
      if (nodes < 3) expect(connects(), `connections moved to ${nodes} nodes`).toBeGreaterThan(before);
      await holds(() => true, LONGEST_GRACE_MS, 'the longest grace');
    }
    for (const name of PEOPLE) {
      const seen = watcher.history(name).map(({ status }) => status);
      // Before they came they were offline, as the first snapshot may say; never after.
      expect(seen.lastIndexOf('offline'), name).toBeLessThan(1);
      expect(seen.at(-1), name).toBe('online');
    }
  }, 300_000);

  it('publishes neither the admin port of the nodes nor Redis', async () => {
    expect((await fetch(`${http}/metrics`)).status).toBe(404);
    const published = JSON.parse(await compose('config', '--format', 'json')) as {
      services: Record<string, { ports?: { host_ip?: string }[] }>;
    };
    for (const [name, { ports = [] }] of Object.entries(published.services)) {
      expect(ports.length > 0, name).toBe(name === 'haproxy');
      for (const port of ports) expect(port.host_ip).toBe('127.0.0.1');
    }
  });
});
