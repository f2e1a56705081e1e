import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { envName, SETTING_NAMES } from '../../src/config/schema.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { CHART, HELM, LEAST, type Resource, render } from './helm.ts';

const KEY = 'k4.public.auNHogtjdnGdCx_9okC_B_0cJKs-K8xGgdtezfVDzEI';
/** Read by Node.js itself, or by Kubernetes when it puts the credentials into REDIS_URL. */
const NOT_SETTINGS = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'REDIS_USERNAME',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD',
];

interface Variable {
  readonly name: string;
  readonly value?: string;
}
const pod = (deployment: Resource) => deployment['spec'].template.spec;
const container = (deployment: Resource) => pod(deployment).containers[0];

/** The environment as the process would find it, with these secrets. */
const environment = (
  values: object | string,
  secrets: Record<string, string> = {},
): Record<string, string> => {
  const { one } = render(values);
  const deployment = one('Deployment');
  const config = one('ConfigMap', container(deployment).envFrom[0].configMapRef.name)['data'];
  const env: Record<string, string> = { ...config };
  for (const { name, value } of container(deployment).env as Variable[]) {
    const text = value ?? secrets[name] ?? `secret-of-${name}`;
    env[name] = text.replace(/\$\(([A-Z_]+)\)/g, (_, other: string) => env[other] ?? '?');
  }
  return env;
};

describe.skipIf(HELM === undefined)('what the chart promises', () => {
  it.each(readdirSync(`${CHART}/ci`))('a node would start with the environment of %s', (file) => {
    const env = environment(`${CHART}/ci/${file}`, { REDIS_URL: 'rediss://:p%40ss@redis.example.com:6380' });
    for (const name of Object.keys(env))
      if (!NOT_SETTINGS.includes(name)) expect(SETTING_NAMES.map(envName)).toContain(name);
    expect(() => loadSettings(env)).not.toThrow();
  });

  it('says where Redis is in each of its forms, with user and password from the secret', () => {
    const url = (redis: object): string | undefined =>
      environment(
        { ...LEAST, redis },
        { REDIS_USERNAME: 'app', REDIS_PASSWORD: 'p%40ss', REDIS_SENTINEL_PASSWORD: 'guard' },
      )['REDIS_URL'];
    const auth = { existingSecret: 's', usernameKey: 'u' };
    expect(url({ hosts: ['r'] })).toBe('redis://r');
    expect(url({ hosts: ['r:1'], database: 3, tls: { enabled: true } })).toBe('rediss://r:1/3');
    expect(url({ hosts: ['r:1'], auth: { existingSecret: 's' } })).toBe('redis://:p%40ss@r:1');
    expect(url({ mode: 'sentinel', hosts: ['a:1', 'b:2'], auth })).toBe(
      'redis+sentinel://app:p%40ss@a:1,b:2/mymaster',
    );
    const sentinel = { ...auth, sentinelPasswordKey: 'p' };
    expect(url({ mode: 'sentinel', hosts: ['a'], auth: sentinel })).toBe(
      'redis+sentinel://app:p%40ss@a/mymaster?sentinelPassword=guard',
    );
    expect(url({ mode: 'cluster', hosts: ['a:1', 'b'], auth, tls: { enabled: true } })).toBe(
      'rediss+cluster://app:p%40ss@a:1,b',
    );
  });

  it('writes every value as the service reads it, large numbers and switches too', () => {
    const settings = { EVENT_LOG_MAX: 1_000_000_000, TOKEN_IN_QUERY: true, TRUST_PROXY: 2, HOST: '::' };
    const env = environment({ ...LEAST, settings });
    expect(env).toMatchObject({
      EVENT_LOG_MAX: '1000000000',
      TOKEN_IN_QUERY: 'true',
      TRUST_PROXY: '2',
      HOST: '::',
    });
  });

  it('believes proxies only where it makes one', () => {
    expect(environment(LEAST)['TRUST_PROXY']).toBeUndefined();
    const ingress = { enabled: true, hosts: ['a.example.com'] };
    expect(environment({ ...LEAST, ingress })['TRUST_PROXY']).toBe('uniquelocal');
    expect(environment({ ...LEAST, ingress, settings: { TRUST_PROXY: 1 } })['TRUST_PROXY']).toBe('1');
  });

  it('rotates keys without a restart: a whole folder, and pods that do not change with them', () => {
    const before = render({ ...LEAST, keys: { paserk: [KEY] } });
    const after = render({ ...LEAST, keys: { paserk: [KEY, KEY] } });
    expect(before.one('Secret')).not.toEqual(after.one('Secret'));
    // Not `stringData`: the API server adds that to what there is, and takes nothing away.
    expect(after.one('Secret')).not.toHaveProperty('stringData');
    expect(Buffer.from(after.one('Secret')['data'].keys, 'base64').toString()).toBe(`${KEY}\n${KEY}`);
    expect(before.one('Deployment')).toEqual(after.one('Deployment'));
    for (const mount of container(after.one('Deployment')).volumeMounts)
      expect(mount.subPath).toBeUndefined();
  });

  it('restarts for a changed setting, and for nothing else', () => {
    const podOf = (values: object) => render({ ...LEAST, ...values }).one('Deployment')['spec'].template;
    expect(podOf({ settings: { LAST_SEEN: 'off' } })).not.toEqual(podOf({}));
    expect(podOf({ metrics: { prometheusRule: { enabled: true } }, replicas: 7 })).toEqual(podOf({}));
    expect(JSON.stringify(podOf({}))).not.toContain('helm.sh/chart');
  });

  it('asks Redis nothing to find out whether a node lives, and asks on the port that is not published', () => {
    const { one } = render(LEAST);
    const { livenessProbe, readinessProbe, startupProbe } = container(one('Deployment'));
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'admin' });
    expect(startupProbe.httpGet).toEqual({ path: '/livez', port: 'admin' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
    const ports = one('Service', 'rollcall')['spec'].ports as { targetPort: string }[];
    expect(ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
  });

  it('runs as nobody, writes nothing, has no rights: the restricted standard of Kubernetes', () => {
    const { one } = render(LEAST);
    for (const spec of [pod(one('Deployment')), one('Pod')['spec']]) {
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec.automountServiceAccountToken).toBe(false);
      for (const { securityContext } of spec.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });

  it('never has fewer nodes than wanted in a rollout, and leaves their number to the autoscaler where there is one', () => {
    const fixed = render(LEAST).one('Deployment')['spec'];
    expect(fixed.replicas).toBe(3);
    expect(fixed.strategy.rollingUpdate.maxUnavailable).toBe(0);
    const { one } = render({ ...LEAST, autoscaling: { enabled: true } });
    expect(one('Deployment')['spec']).not.toHaveProperty('replicas');
    const { metrics, behavior } = one('HorizontalPodAutoscaler')['spec'];
    expect(metrics).toEqual([
      {
        type: 'Pods',
        pods: {
          metric: { name: 'rollcall_connections' },
          target: { type: 'AverageValue', averageValue: '20000' },
        },
      },
    ]);
    expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(900);
    expect(behavior.scaleDown.policies).toEqual([{ type: 'Pods', value: 1, periodSeconds: 300 }]);
  });

  it('waits before it drains, in the way the version of Kubernetes can', () => {
    const lifecycle = (version: string) =>
      container(render(LEAST, ['--kube-version', version]).one('Deployment')).lifecycle.preStop;
    expect(lifecycle('1.34.0')).toEqual({ sleep: { seconds: 5 } });
    expect(lifecycle('1.28.0').exec.command).toEqual(['node', '-e', 'setTimeout(() => {}, 5000)']);
  });

  it('lets nodes speak with Redis and name servers only', () => {
    const egress = (redis: object) => {
      const { spec } = render({ ...LEAST, redis }).one('NetworkPolicy') as Resource;
      return (spec.egress as { ports: { port: number }[] }[]).map(({ ports }) =>
        ports.map(({ port }) => port),
      );
    };
    expect(egress({ hosts: ['r'] })).toEqual([[53, 53], [6379]]);
    expect(egress({ mode: 'sentinel', hosts: ['a:1', 'b', 'c:1'] })).toEqual([
      [53, 53],
      [1, 26379, 6379],
    ]);
    expect(egress({ existingSecret: 's' })).toEqual([
      [53, 53],
      [6379, 26379],
    ]);
    expect(egress({ existingSecret: 's', ports: [7000] })).toEqual([[53, 53], [7000]]);
  });

  it('lets its own test in where only some may reach the nodes', () => {
    const from = [{ namespaceSelector: {} }];
    const { one } = render({ ...LEAST, networkPolicy: { from, adminFrom: from } });
    const { labels } = one('Pod').metadata as Resource['metadata'] & { labels: object };
    for (const { from: peers } of one('NetworkPolicy')['spec'].ingress as {
      from: { podSelector?: { matchLabels: object } }[];
    }[])
      expect(
        peers.some(
          ({ podSelector }) =>
            podSelector && expect.objectContaining(podSelector.matchLabels).asymmetricMatch(labels),
        ),
      ).toBe(true);
  });

  it('is found by its alerts under whatever name it has', () => {
    for (const kind of ['serviceMonitor', 'podMonitor']) {
      const { resources } = render({
        ...LEAST,
        nameOverride: 'here',
        metrics: { [kind]: { enabled: true } },
      });
      const { spec } = resources.find(({ kind: is }) => is.endsWith('Monitor')) as Resource;
      const [{ relabelings }] = spec.endpoints ?? spec.podMetricsEndpoints;
      expect(relabelings).toEqual([{ targetLabel: 'job', replacement: 'rollcall' }]);
      expect(readFileSync('helm/rollcall/files/rules/alerts.yml', 'utf8')).toContain(
        'up{job=~".*rollcall.*"}',
      );
    }
  });

  it('gives pods each label once: what selects them, then podLabels, then commonLabels', () => {
    const { one, text } = render({
      ...LEAST,
      commonLabels: { team: 'a', shift: 'c', 'app.kubernetes.io/component': 'x' },
      podLabels: { team: 'b' },
    });
    const { template, selector } = one('Deployment')['spec'];
    expect(template.metadata.labels).toEqual({ ...selector.matchLabels, team: 'b', shift: 'c' });
    expect(text).not.toMatch(/team: a\n\s+team: b/);
  });

  it('brings its rules and dashboards whole', () => {
    const metrics = { prometheusRule: { enabled: true }, dashboards: { enabled: true } };
    const { one, resources } = render({ ...LEAST, metrics });
    const rules = readdirSync('helm/rollcall/files/rules').map((name) =>
      readFileSync(`helm/rollcall/files/rules/${name}`, 'utf8'),
    );
    expect(one('PrometheusRule')['spec'].groups).toEqual(rules.flatMap((text) => parse(text).groups));
    const shown = resources.filter(({ metadata }) => metadata['labels'].grafana_dashboard === '1');
    const files = readdirSync('helm/rollcall/files/dashboards');
    expect(
      shown.flatMap((map) => Object.values(map['data'] as object)).map((text) => JSON.parse(text)),
    ).toEqual(
      files.map((name) => JSON.parse(readFileSync(`helm/rollcall/files/dashboards/${name}`, 'utf8'))),
    );
  });

  describe('the pod of `helm test`', () => {
    const servers: Server[] = [];
    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
    });
    const answering = async (statuses: Record<string, number>): Promise<string> => {
      const server = createServer(({ url = '' }, response) => response.writeHead(statuses[url] ?? 404).end());
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const test = async (ready: number) => {
      const { args } = render(LEAST).one('Pod')['spec'].containers[0];
      const env = {
        PUBLIC_URL: await answering({ '/v1/presence/count': 401, '/docs/json': 200 }),
        ADMIN_URL: await answering({ '/readyz': ready }),
      };
      return promisify(execFile)(process.execPath, args, { env }).then(
        () => 0,
        ({ code }: { code: number }) => code,
      );
    };

    it('passes where nodes are ready and show what they should', async () => expect(await test(200)).toBe(0));
    it('fails where they are not', async () => expect(await test(503)).toBe(1));
  });
});
