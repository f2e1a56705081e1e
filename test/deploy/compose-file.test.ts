import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { envName, SETTING_NAMES } from '../../src/config/schema.ts';
import { VERSION } from '../../src/version.ts';

const TOOL = process.env.ROLLCALL_COMPOSE_SPEC;
const FILE = 'docker-compose.yml';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly deploy?: { readonly replicas?: number };
  readonly stop_grace_period?: string;
}
const project = parse(readFileSync(FILE, 'utf8'), { merge: true }) as {
  readonly name?: string;
  readonly services: Readonly<Record<string, Service>>;
};
const service = (name: string): Service => {
  const found = project.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};

describe('docker-compose.yml', () => {
  it.skipIf(TOOL === undefined)('is read by Compose without a complaint', () => {
    const { status, stderr } = spawnSync(TOOL ?? '', [FILE], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });

  it('has no name of its own, so that two checkouts do not share their containers', () => {
    expect(project.name).toBeUndefined();
  });

  it('starts Redis, three nodes and HAProxy without any profile', () => {
    const always = Object.entries(project.services).filter(([, { profiles }]) => profiles === undefined);
    expect(always.map(([name]) => name).sort()).toEqual(['haproxy', 'keys', 'redis', 'rollcall']);
    expect(service('rollcall').deploy?.replicas).toBe(3);
  });

  it('publishes no port of what is scaled, and everything else on this machine unless told otherwise', () => {
    expect(service('rollcall').ports).toBeUndefined();
    for (const [name, { ports = [] }] of Object.entries(project.services)) {
      for (const port of ports)
        expect(port, name).toMatch(/^(127\.0\.0\.1|\$\{ROLLCALL_BIND:-127\.0\.0\.1\}):/);
    }
  });

  it('gives the nodes only settings that there are', () => {
    const known = SETTING_NAMES.map(envName);
    for (const name of ['rollcall', 'cli']) {
      for (const variable of Object.keys(service(name).environment ?? {})) expect(known).toContain(variable);
    }
  });

  it('shows Grafana the dashboards where it looks for them', () => {
    const { providers } = parse(
      readFileSync('deploy/grafana/provisioning/dashboards/rollcall.yml', 'utf8'),
    ) as { providers: { options: { path: string } }[] };
    for (const { options } of providers)
      expect(service('grafana').volumes).toContain(`./helm/rollcall/files/dashboards:${options.path}:ro`);
  });

  it('lets a node drain before it is killed', () => {
    const { environment = {}, stop_grace_period = '10s' } = service('rollcall');
    const drainMs = Number(environment['DRAIN_DELAY_MS']) + Number(environment['DRAIN_WINDOW_MS'] ?? 5_000);
    expect(Number.parseInt(stop_grace_period, 10) * 1_000).toBeGreaterThan(drainMs + 8_000);
  });
});

describe('deploy/Dockerfile', () => {
  const file = readFileSync('deploy/Dockerfile', 'utf8');

  it('says the version of the package, and runs as a number that is not root', () => {
    expect(file).toContain(`ARG VERSION=${VERSION}\n`);
    expect(file).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  });

  it('takes nothing from the context that the ignore file keeps out', () => {
    const letIn = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) expect(letIn).toContain(`!${path}`);
  });
});
