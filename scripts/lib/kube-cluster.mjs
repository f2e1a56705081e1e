import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';

/** Those that a release depends on. Nothing is scheduled and nothing runs. */
const CONTROLLERS = [
  'clusterrole-aggregation-controller',
  'deployment-controller',
  'replicaset-controller',
  'disruption-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'horizontal-pod-autoscaler-controller',
  'serviceaccount-controller',
];

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The first answer of `ask` that is not `undefined`. @throws when there is none in time */
export const until = async (what, ask, seconds = 60) => {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await wait(200);
  }
};

const kubeconfigOf = (server, authority, token) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'here', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'me', user: { token } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    'current-context': 'here',
  });

/** One call, with the warnings that Kubernetes has for whoever makes it. */
const call = (port, ca, token, method, path, body, type = 'application/json') =>
  new Promise((resolve, reject) => {
    const sent = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
    // Else Node.js would send the body of a DELETE without saying where it ends.
    const length = Buffer.byteLength(sent);
    const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': length };
    request({ host: '127.0.0.1', port, ca, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => {
        const { statusCode: status, headers: answered } = response;
        const json = answered['content-type']?.includes('json') ? JSON.parse(text) : undefined;
        resolve({ status, text, json, warning: answered.warning });
      });
    })
      .on('error', reject)
      .end(sent);
  });

/**
 * An API server of Kubernetes with its store and its controllers on free ports of this machine: rights by RBAC, tokens for
 * `admin`, who may everything, and for `deployer`, who may nothing yet.
 * @param programs - the folder they are in.
 */
export const startCluster = async (programs) => {
  const folder = mkdtempSync(`${tmpdir()}/rollcall-kube-`);
  const children = [];
  const start = (program, args) => {
    const child = spawn(`${programs}/${program}`, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(`${folder}/${program}.log`);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
  };
  const stop = async () => {
    for (const child of children.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM'))
        await Promise.race([ended, wait(5_000).then(() => child.kill('SIGKILL'))]);
    }
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const [etcdPort, peerPort, port, managerPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const etcd = `http://127.0.0.1:${etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    start('etcd', [
      '--data-dir=data',
      '--unsafe-no-fsync',
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]);

    const tokens = { admin: randomBytes(16).toString('hex'), deployer: randomBytes(16).toString('hex') };
    writeFileSync(
      `${folder}/tokens.csv`,
      `${tokens.admin},admin,1,system:masters\n${tokens.deployer},deployer,2\n`,
      { mode: 0o600 },
    );
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(`${folder}/accounts.pem`, pem, { mode: 0o600 });
    start('kube-apiserver', [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--cert-dir=certs',
      '--token-auth-file=tokens.csv',
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-account-key-file=accounts.pem',
      '--service-account-signing-key-file=accounts.pem',
      '--service-cluster-ip-range=10.0.0.0/16',
      '--endpoint-reconciler-type=none',
    ]);

    // It signs for itself.
    const authority = `${folder}/certs/apiserver.crt`;
    await until('the certificate of the API server', () => existsSync(authority) || undefined);
    const api = (method, path, body, { user = 'admin', type } = {}) =>
      call(port, readFileSync(authority), tokens[user], method, path, body, type);
    await until(
      'the API server',
      async () => {
        const { status } = await api('GET', '/readyz').catch(() => ({}));
        return status === 200 || undefined;
      },
      120,
    );

    const kubeconfig = (user) => {
      const path = `${folder}/${user}.kubeconfig`;
      writeFileSync(path, kubeconfigOf(`https://127.0.0.1:${port}`, authority, tokens[user]), {
        mode: 0o600,
      });
      return path;
    };
    start('kube-controller-manager', [
      `--kubeconfig=${kubeconfig('admin')}`,
      `--secure-port=${managerPort}`,
      '--bind-address=127.0.0.1',
      '--cert-dir=manager',
      '--leader-elect=false',
      '--horizontal-pod-autoscaler-sync-period=1s',
      `--controllers=${CONTROLLERS.join(',')}`,
    ]);
    return { folder, api, kubeconfig, stop };
  } catch (error) {
    const logs = ['etcd', 'kube-apiserver'].map((name) => `${folder}/${name}.log`).filter(existsSync);
    const tails = logs.map((path) => `${path}:\n${readFileSync(path, 'utf8').slice(-1_500)}`);
    await stop();
    throw new Error([error.message, ...tails].join('\n'), { cause: error });
  }
};
