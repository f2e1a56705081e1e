// npm run kube:check: the chart in a real API of Kubernetes with its controllers, built from their sources (the first time
// that takes ten minutes and more). Every file of values is installed, upgraded, rolled back and removed. No container runs:
// pods are declared ready by a stand-in. Exit codes: 0 well, 1 what is said last, 3 no Go.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual, promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { goTool } from './lib/go-tool.mjs';
import { startCluster, until } from './lib/kube-cluster.mjs';
import { accepted, contents, discover, makeNamespace, must, prepare } from './lib/kube-namespaces.mjs';
import { standIn } from './lib/kube-pods.mjs';
import { ETCD, KUBERNETES, kubePrograms } from './lib/kube-programs.mjs';
import { fail, root } from './lib/root.mjs';

const CHART = `${root}helm/rollcall`;
const WAIT = ['--wait', '--timeout', '2m'];
const KEY = 'k4.public.AAAAgtjdnGdCx_9okC_B_0cJKs-K8xGgdtezfVDzEIk';
const run = promisify(execFile);

const helmBinary = goTool('helm') ?? fail('there is no Helm and no Go to build it with', 3);
const cluster = await startCluster(kubePrograms());
const { api } = cluster;
const kubeconfig = cluster.kubeconfig('deployer');
const pods = standIn(api);

const helm = async (namespace, ...args) => {
  const all = [...args, '--namespace', namespace, '--kubeconfig', kubeconfig];
  const { stdout, stderr } = await run(helmBinary, all, { maxBuffer: 2 ** 24 });
  must(!/warn/i.test(stderr), `helm ${args[0]}: ${stderr}`);
  return stdout;
};

const documentsOf = (text) =>
  text
    .split(/^---$/m)
    .map((part) => ({ part, object: parseAllDocuments(part)[0]?.toJS() }))
    .filter(({ object }) => object?.kind !== undefined);

/** Every object as it is, each new to the API, with unknown and doubled fields refused. */
const dryRun = async (namespace, documents, known) => {
  for (const { part, object } of documents) {
    const where = known.find(
      ({ version, kind }) => version.endsWith(object.apiVersion) && kind === object.kind,
    );
    must(where !== undefined, `${object.apiVersion} ${object.kind} is not in the API`);
    const path = `/${where.version}/namespaces/${namespace}/${where.name}?dryRun=All&fieldValidation=Strict`;
    await accepted(
      `${object.kind}/${object.metadata.name}`,
      api('POST', path, part, { user: 'deployer', type: 'application/yaml' }),
    );
  }
};

/** The release as the API has it: what an upgrade changes and a rollback must bring back. */
const state = async (namespace, documents) => {
  const name = documents.find(({ object }) => object.kind === 'Deployment').object.metadata.name;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const { spec } = await accepted(path, api('GET', path));
  const secrets = (await api('GET', `/api/v1/namespaces/${namespace}/secrets`)).json.items;
  return {
    name,
    replicas: spec.replicas,
    template: spec.template,
    secrets: secrets.filter(({ type }) => type === 'Opaque').map(({ data }) => data),
  };
};

const ready = async (namespace, { name, replicas }) => {
  const { status } = (await api('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)).json;
  return status.readyReplicas === replicas;
};

const checkValues = async (file, known) => {
  const namespace = `of-${file.replace('-values.yaml', '')}`;
  const values = ['--values', `${CHART}/ci/${file}`];
  await makeNamespace(api, namespace);
  const before = await contents(api, namespace, known);

  const rendered = await helm(namespace, 'template', 'here', CHART, '--dry-run=server', ...values);
  const documents = documentsOf(rendered);
  await dryRun(namespace, documents, known);

  await helm(namespace, 'install', 'here', CHART, ...values, ...WAIT);
  // A new release under an autoscaler begins with one node.
  const least = documents.find(({ object }) => object.kind === 'HorizontalPodAutoscaler')?.object.spec
    .minReplicas;
  const first = await until('the nodes of the autoscaler', async () => {
    const now = await state(namespace, documents);
    return now.replicas >= (least ?? 0) && (await ready(namespace, now)) ? now : undefined;
  });
  const { metadata, spec } = first.template;
  const pod = { metadata: { generateName: 'one-', labels: metadata.labels }, spec };
  const podPath = `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`;
  await accepted('a pod of the template', api('POST', podPath, pod, { user: 'deployer' }));
  await helm(namespace, 'test', 'here');

  pods.fewestReady(namespace);
  const change = {
    replicas: first.replicas + 1,
    image: { tag: '0.2.0', digest: '' },
    ...(first.secrets.length > 0 && { keys: { key: 'renamed', paserk: [KEY] } }),
  };
  const json = Object.entries(change).flatMap(([name, value]) => [
    '--set-json',
    `${name}=${JSON.stringify(value)}`,
  ]);
  await helm(namespace, 'upgrade', 'here', CHART, ...values, ...json, ...WAIT);
  const second = await state(namespace, documents);
  must(second.template.spec.containers[0].image.endsWith(':0.2.0'), 'the upgrade did not change the image');
  must(
    second.replicas === first.replicas + (least === undefined ? 1 : 0),
    `${second.replicas} replicas after the upgrade`,
  );
  const keys = first.secrets.map(() => ({ renamed: Buffer.from(KEY).toString('base64') }));
  must(isDeepStrictEqual(second.secrets, keys), `after the upgrade: ${JSON.stringify(second.secrets)}`);

  await helm(namespace, 'rollback', 'here', '1', ...WAIT);
  const third = await state(namespace, documents);
  must(isDeepStrictEqual(third, first), 'the rollback did not bring back what there was');
  const fewest = pods.fewestReady(namespace);
  must(fewest >= first.replicas, `${fewest} ready of ${first.replicas} while it rolled`);

  await helm(namespace, 'uninstall', 'here', ...WAIT);
  let left = [];
  await until('everything gone', async () => {
    left = (await contents(api, namespace, known)).filter((name) => !before.includes(name));
    return left.length === 0 || undefined;
  }).catch(() => must(false, `left behind: ${left.join(', ')}`));
  console.log(
    `${file}: ${documents.length} objects, ${first.replicas} nodes, never fewer than ${fewest} ready`,
  );
};

/** A running release gets an autoscaler, and loses it again, without a node too few. */
const checkAutoscaler = async () => {
  const namespace = 'autoscaler';
  const release = ['here', CHART, '--values', `${CHART}/ci/default-values.yaml`, ...WAIT];
  const scaled = [...release, '--set', 'autoscaling.enabled=true'];
  await makeNamespace(api, namespace);
  await helm(namespace, 'install', ...release);
  const refused = await helm(namespace, 'upgrade', ...scaled).catch(({ stderr }) => stderr);
  must(refused.includes('would leave one node'), `an autoscaler that takes the nodes away: ${refused}`);

  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/here-rollcall/scale`;
  const patch = { user: 'deployer', type: 'application/merge-patch+json' };
  await accepted('scaling by hand', api('PATCH', path, { spec: { replicas: 4 } }, patch));
  pods.fewestReady(namespace);
  await helm(namespace, 'upgrade', ...scaled);
  await helm(namespace, 'upgrade', ...scaled, '--set', 'image.tag=next');
  await helm(namespace, 'upgrade', ...release, '--force-conflicts');
  const fewest = pods.fewestReady(namespace);
  must(fewest >= 3, `${fewest} ready of 3 while an autoscaler came and went`);
  console.log(`an autoscaler that comes and goes: never fewer than ${fewest} ready`);
};

let status = 0;
try {
  await prepare(api);
  const known = await discover(api);
  const files = readdirSync(`${CHART}/ci`);
  const report = (name) => (error) => {
    status = 1;
    console.error(`${name}: ${error.stderr || error.message}`);
  };
  await Promise.all([
    ...files.map((file) => checkValues(file, known).catch(report(file))),
    checkAutoscaler().catch(report('autoscaler')),
  ]);
  console.log(`Kubernetes ${KUBERNETES}, etcd ${ETCD}: ${status === 0 ? 'all well' : 'see above'}`);
} catch (error) {
  console.error(error.message);
  status = 1;
} finally {
  await pods.stop();
  await cluster.stop();
}
process.exit(status);
