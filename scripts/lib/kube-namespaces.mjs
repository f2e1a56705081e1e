import { readFileSync } from 'node:fs';
import { until } from './kube-cluster.mjs';
import { CUSTOM, moduleFolder } from './kube-schemas.mjs';

/** What a namespace has by itself, or others make of what is in it. */
const NOT_OURS = ['Event', 'Lease', 'ControllerRevision'];

/** @throws when it does not hold */
export const must = (condition, message) => {
  if (!condition) throw new Error(message);
};

/** @throws when the API refuses, and when it takes something with a warning. */
export const accepted = async (what, answer) => {
  const { status, text, json, warning } = await answer;
  must(status < 300, `${what}: ${status} ${json?.message ?? text}`);
  must(warning === undefined, `${what}: ${warning}`);
  return json;
};

/** Where the API has each kind that lives in a namespace. */
export const discover = async (api) => {
  const { groups } = (await api('GET', '/apis')).json;
  const versions = [
    'api/v1',
    ...groups.map(({ preferredVersion }) => `apis/${preferredVersion.groupVersion}`),
  ];
  const lists = await Promise.all(
    versions.map(async (version) => [version, (await api('GET', `/${version}`)).json]),
  );
  return lists.flatMap(([version, { resources }]) =>
    resources
      .filter(({ name, namespaced, verbs }) => namespaced && !name.includes('/') && verbs.includes('list'))
      .map(({ name, kind }) => ({ version, name, kind })),
  );
};

/** What clusters have besides: the kinds of others, a priority, and rights to those kinds for who administers a namespace. */
export const prepare = async (api) => {
  for (const [module, path] of CUSTOM) {
    const text = readFileSync(`${moduleFolder(module)}/${path}`, 'utf8');
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const { metadata } = await accepted(path, api('POST', crds, text, { type: 'application/yaml' }));
    await until(metadata.name, async () => {
      const { conditions } = (await api('GET', `${crds}/${metadata.name}`)).json.status ?? {};
      return conditions?.some(({ type, status }) => type === 'Established' && status === 'True') || undefined;
    });
  }
  const priority = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'high' },
    value: 1,
  };
  await accepted('priority class', api('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', priority));
  const role = {
    metadata: { name: 'custom', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
    rules: [
      { apiGroups: ['monitoring.coreos.com', 'gateway.networking.k8s.io'], resources: ['*'], verbs: ['*'] },
    ],
  };
  await accepted('role', api('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', role));
  await until('the role `admin`', async () => {
    const { json } = await api('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin');
    return json.rules?.some(({ apiGroups }) => apiGroups?.includes('monitoring.coreos.com')) || undefined;
  });
};

/** A namespace that takes only pods of the restricted standard, with `deployer` as its administrator. */
export const makeNamespace = async (api, name) => {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  await accepted('namespace', api('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
  const binding = {
    metadata: { name: 'deployer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ kind: 'User', name: 'deployer', apiGroup: 'rbac.authorization.k8s.io' }],
  };
  const bindings = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`;
  await accepted('binding', api('POST', bindings, binding));
  await until('the service account', async () => {
    const { status } = await api('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`);
    return status === 200 || undefined;
  });
};

/** Everything in a namespace, as `Kind/name`. */
export const contents = async (api, namespace, known) => {
  const found = await Promise.all(
    known.map(async ({ version, name, kind }) => {
      const { items = [] } = (await api('GET', `/${version}/namespaces/${namespace}/${name}`)).json;
      return items.map(({ metadata }) => `${kind}/${metadata.name}`);
    }),
  );
  return found.flat().filter((name) => !NOT_OURS.includes(name.split('/')[0]));
};
