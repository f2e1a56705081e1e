import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHART, HELM, helm, KUBERNETES, LEAST, refusal, render } from './helm.ts';

const KUBECONFORM = process.env.ROLLCALL_KUBECONFORM;
const SCHEMAS = process.env.ROLLCALL_KUBE_SCHEMAS ?? '';
const VALUES = readdirSync(`${CHART}/ci`).map((name) => `${CHART}/ci/${name}`);

it('the chart holds what it has from elsewhere: settings, rules, dashboards, versions', () => {
  const { status, stderr } = spawnSync('npx', ['tsx', 'scripts/chart-files.ts', '--check'], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
});

describe.skipIf(HELM === undefined)('the chart, rendered by Helm', () => {
  describe.each(VALUES)('%s', (values) => {
    it('passes the strict lint', () => {
      const { status, out, err } = helm(['lint', '--strict', ...KUBERNETES, CHART, '--values', values]);
      expect(status, out + err).toBe(0);
    });

    it.skipIf(KUBECONFORM === undefined)(
      'is what Kubernetes takes, and has no field that it would ignore',
      () => {
        const { text, resources } = render(values);
        const { status, stdout } = spawnSync(
          KUBECONFORM ?? '',
          ['-strict', '-summary', '-schema-location', SCHEMAS],
          { encoding: 'utf8', input: text },
        );
        expect(status, stdout).toBe(0);
        expect(stdout).toContain(`Valid: ${resources.length}, Invalid: 0, Errors: 0, Skipped: 0`);
      },
    );

    it('looks as it did', async () => {
      const { text } = render(values);
      // Rules and dashboards are other people's files, copied: their contents would only repeat them here.
      const own = text
        .split(/^---$/m)
        .map((part) =>
          /kind: PrometheusRule/.test(part) ? part.replace(/^ {2}groups:[\s\S]*/m, '  groups: …\n') : part,
        )
        .map((part) => (/grafana_dashboard/.test(part) ? part.replace(/^data:[\s\S]*/m, 'data: …\n') : part));
      const name = values.split('/').at(-1)?.replace('-values.yaml', '');
      // Versions of Helm differ in blank lines.
      await expect(`${own.map((part) => part.trim()).join('\n---\n')}\n`).toMatchFileSnapshot(
        `snapshots/${name}.txt`,
      );
    });
  });

  it('can be packed, and is the same afterwards', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-chart-'));
    try {
      expect(helm(['package', CHART, '--destination', folder]).status).toBe(0);
      const [file = ''] = readdirSync(folder);
      const values = `${CHART}/ci/everything-values.yaml`;
      const packed = helm([
        'template',
        'here',
        join(folder, file),
        '--namespace',
        'presence',
        '--values',
        values,
        ...KUBERNETES,
      ]);
      expect(packed.out).toBe(render(values).text);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe('refuses', () => {
    it.each([
      ['a name that is none', { replicaCount: 3 }, /replicaCount/],
      ['a name inside that is none', { redis: { host: 'redis:6379' } }, /host/],
      ['a setting that is none', { settings: { HEARTBEAT_MS: 1 } }, /HEARTBEAT_MS/],
      ['a setting that other values say', { settings: { REDIS_URL: 'redis://x' } }, /REDIS_URL/],
      ['a setting that is out of its range', { settings: { MAX_FRAME_BYTES: 1 } }, /MAX_FRAME_BYTES/],
      ['a setting with another word than there are', { settings: { LAST_SEEN: 'day' } }, /LAST_SEEN/],
      ['a topology that is none', { redis: { hosts: ['a'], mode: 'replica' } }, /mode/],
      ['a key that is no PASERK', { keys: { paserk: ['v4.public.x'] } }, /paserk/],
      ['no node', { replicas: 0 }, /replicas/],
    ])('%s, by its schema', (_what, values, why) => {
      const said = refusal(values);
      expect(said).toMatch(/values don't meet the specifications of the schema/);
      expect(said).toMatch(why);
    });

    it.each([
      ['no Redis', { redis: { hosts: [] } }, 'redis.hosts or redis.existingSecret is needed'],
      ['two hosts that are no cluster', { redis: { hosts: ['a', 'b'] } }, 'redis.hosts names several hosts'],
      ['no keys', { keys: {} }, 'keys.existingSecret or keys.paserk is needed'],
      [
        'a drain longer than the grace of the pod',
        { settings: { DRAIN_DELAY_MS: 10000, DRAIN_WINDOW_MS: 40000 } },
        'terminationGracePeriodSeconds (60) must be more than 63',
      ],
      ['a grace that just does not do', { terminationGracePeriodSeconds: 28 }, 'must be more than 28'],
      [
        'two monitors',
        { metrics: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
        'would scrape every node twice',
      ],
      ['scaling by nothing', { autoscaling: { enabled: true, connectionsPerPod: 0 } }, 'autoscaling needs'],
      [
        'more at least than at most',
        { autoscaling: { enabled: true, minReplicas: 99 } },
        'more than maxReplicas',
      ],
      ['an ingress for no host', { ingress: { enabled: true } }, 'ingress.hosts is needed'],
      ['a route from nowhere', { httpRoute: { enabled: true } }, 'httpRoute.parentRefs is needed'],
    ])('%s, with a reason', (_what, values, why) => {
      expect(refusal(values)).toContain(why);
    });

    it('nothing of what is just enough', () => {
      expect(refusal({})).toBe('');
      expect(refusal({ terminationGracePeriodSeconds: 29 })).toBe('');
      expect(render(LEAST).resources.length).toBeGreaterThan(5);
    });
  });
});
