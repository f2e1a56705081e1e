import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART, HELM, KUBERNETES } from './helm.ts';

const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/here-rollcall';
const AUTOSCALER = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/here-rollcall';

/** Who said last how many nodes there are; Kubernetes keeps that beside each field. */
const deployment = (manager: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'here-rollcall',
    managedFields: [
      { manager: 'helm', operation: 'Apply', fieldsV1: { 'f:metadata': {}, 'f:spec': { 'f:template': {} } } },
      { manager, operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ],
  },
  spec: { replicas: 3 },
});

const KINDS = {
  v1: ['ConfigMap', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
};
const plural = (kind: string): string => `${kind.toLowerCase().replace(/y$/, 'ie')}s`;

/** As much of the API as Helm asks before it looks something up. */
const discovery: Record<string, object> = {
  '/version': { major: '1', minor: '34', gitVersion: 'v1.34.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    groups: Object.keys(KINDS)
      .filter((groupVersion) => groupVersion.includes('/'))
      .map((groupVersion) => {
        const [name, version] = groupVersion.split('/');
        const only = { groupVersion, version };
        return { name, versions: [only], preferredVersion: only };
      }),
  },
};
for (const [groupVersion, kinds] of Object.entries(KINDS))
  discovery[groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`] = {
    kind: 'APIResourceList',
    groupVersion,
    resources: kinds.map((kind) => ({ name: plural(kind), kind, namespaced: true, verbs: ['get'] })),
  };

// Without `replicas` in the manifest Kubernetes would go down to one node until the autoscaler brings the others back.
describe.skipIf(HELM === undefined)('autoscaling for a release that runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-autoscaling-'));
  const kubeconfig = join(folder, 'kubeconfig');
  let there: Record<string, object> = {};
  let server: Server;

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const found = { ...discovery, ...there }[url.split('?')[0] ?? ''];
      response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' },
        ),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'here', cluster: { server: `http://127.0.0.1:${port}` } }],
      contexts: [{ name: 'here', context: { cluster: 'here' } }],
      'current-context': 'here',
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  const upgrade = async (objects: Record<string, object>, autoscaling = 'true') => {
    there = objects;
    const values = [
      '--values',
      `${CHART}/ci/default-values.yaml`,
      '--set',
      `autoscaling.enabled=${autoscaling}`,
    ];
    const args = [
      'template',
      'here',
      CHART,
      '--namespace',
      'default',
      '--is-upgrade',
      '--dry-run=server',
      ...KUBERNETES,
      '--disable-openapi-validation',
    ];
    return promisify(execFile)(HELM ?? '', [...args, ...values, '--kubeconfig', kubeconfig]).then(
      ({ stdout }) => stdout,
      ({ stderr }: { stderr: string }) => stderr,
    );
  };

  it('is refused while the number of nodes is Helm’s, with the way to do it', async () => {
    const said = await upgrade({ [DEPLOYMENT]: deployment('helm') });
    expect(said).toContain('would leave one node');
    expect(said).toContain('kubectl -n default scale deployment/here-rollcall --replicas=4');
  });

  it.each([
    ['once somebody else has said it', { [DEPLOYMENT]: deployment('kubectl') }, 'true'],
    [
      'where there is an autoscaler already',
      {
        [DEPLOYMENT]: deployment('helm'),
        [AUTOSCALER]: {
          kind: 'HorizontalPodAutoscaler',
          apiVersion: 'autoscaling/v2',
          metadata: { name: 'here-rollcall' },
        },
      },
      'true',
    ],
    ['for a release without nodes', {}, 'true'],
    ['when it stays off', { [DEPLOYMENT]: deployment('helm') }, 'false'],
  ])('is taken %s', async (_when, objects, autoscaling) => {
    expect(await upgrade(objects, autoscaling)).toContain('kind: Deployment');
  });
});
