import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { moduleFolder } from './kube-schemas.mjs';
import { root } from './root.mjs';

export const KUBERNETES = '1.36.3';
export const ETCD = '3.6.8';

const mod = (version, requires, replaces = '') =>
  `module rollcall/kube\n\ngo ${version}\n${requires}\n${replaces}`;

/** Inside its own repository Kubernetes takes its parts from folders beside it; from here they are modules like others. */
const kubernetes = () => {
  const own = readFileSync(`${moduleFolder(`k8s.io/kubernetes@v${KUBERNETES}`)}/go.mod`, 'utf8');
  const parts = [...own.matchAll(/^\s+(\S+) => \.\/staging\//gm)].map(([, part]) => part);
  const [major, minor] = KUBERNETES.split('.');
  const goVersion = own.match(/^go (\S+)$/m)[1];
  const defaults = own.match(/^godebug .*$/m)?.[0] ?? '';
  return {
    mod: mod(
      goVersion,
      `${defaults}\nrequire k8s.io/kubernetes v${KUBERNETES}`,
      parts.map((part) => `replace ${part} => ${part} v0.${KUBERNETES.slice(2)}`).join('\n'),
    ),
    flags: [
      ['gitVersion', `v${KUBERNETES}`],
      ['gitMajor', major],
      ['gitMinor', minor],
    ].map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`),
    programs: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    },
  };
};

const etcd = () => ({
  mod: mod('1.24.0', `require go.etcd.io/etcd/server/v3 v${ETCD}`),
  flags: [],
  programs: { etcd: 'go.etcd.io/etcd/server/v3' },
});

const build = ({ mod: text, flags, programs }, target) => {
  const module = mkdtempSync(`${root}.rollcall/module-`);
  try {
    writeFileSync(`${module}/go.mod`, text);
    for (const [name, source] of Object.entries(programs)) {
      process.stderr.write(`Building ${source} …\n`);
      const flagText = `-ldflags=${['-s -w', ...flags].join(' ')}`;
      const args = ['build', '-mod=mod', '-trimpath', flagText, '-o', `${target}/${name}`, source];
      const env = { ...process.env, CGO_ENABLED: '0' };
      const done = spawnSync('go', args, { cwd: module, env, encoding: 'utf8' });
      if (done.status !== 0)
        throw new Error(`${source}: ${done.error?.message ?? done.stderr.slice(-2_000)}`);
    }
  } finally {
    rmSync(module, { recursive: true, force: true });
  }
};

/**
 * The folder of `etcd`, `kube-apiserver` and `kube-controller-manager`, built from their Go modules into `.rollcall/bin`
 * when those versions are not there yet: ten minutes or more.
 * @throws when they could not be built.
 */
export const kubePrograms = () => {
  const folder = `${root}.rollcall/bin/kubernetes-${KUBERNETES}-etcd-${ETCD}`;
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    for (const what of [etcd(), kubernetes()]) build(what, aside);
    renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
};
