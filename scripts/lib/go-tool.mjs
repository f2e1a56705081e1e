// node scripts/lib/go-tool.mjs NAME: prints the path of a pinned tool, which it builds first when it is missing.
// Exit codes: 0 with the path on stdout; 3 when there is no Go and no such tool on the PATH; 1 when the build failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail, root } from './root.mjs';

/** What each tool is built from. A new version is a change like any other: here, with the checks run again. */
export const GO_TOOLS = {
  helm: 'helm.sh/helm/v4/cmd/helm@v4.3.1',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  k6: 'go.k6.io/k6@v1.8.1',
  // What `docker compose` itself reads its files with.
  'compose-spec': 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2',
};

const NO_GO = 3;
const folder = `${root}.rollcall/bin/`;
const answers = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const build = (source, target) => {
  mkdirSync(folder, { recursive: true });
  // Built aside and moved when complete: two builds at once, or one that is cut short, leave no half a binary.
  const aside = mkdtempSync(`${folder}building-`);
  try {
    const env = { ...process.env, GOBIN: aside, CGO_ENABLED: '0' };
    const done = spawnSync('go', ['install', '-trimpath', '-ldflags=-s -w', source], {
      env,
      encoding: 'utf8',
    });
    const [binary] = readdirSync(aside);
    if (done.status !== 0 || binary === undefined)
      throw new Error(`go install ${source} failed: ${done.error?.message ?? done.stderr}`);
    renameSync(`${aside}/${binary}`, target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
};

/**
 * The path of a tool of `GO_TOOLS`, built into `.rollcall/bin` when that version is not there yet. Without Go one of any
 * version on the PATH has to do.
 * @returns `undefined` when there is neither.
 * @throws when it could not be built.
 */
export const goTool = (name) => {
  const source = GO_TOOLS[name];
  if (source === undefined) throw new Error(`no such tool: ${name} (${Object.keys(GO_TOOLS).join(', ')})`);
  const target = `${folder}${name}-${source.split('@')[1]}`;
  if (existsSync(target)) return target;
  if (!answers('go', 'version')) return answers(name, 'version') || answers(name, '-v') ? name : undefined;
  process.stderr.write(`Building ${source} …\n`);
  build(source, target);
  return target;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const name = process.argv[2] ?? fail(`which tool? ${Object.keys(GO_TOOLS).join(', ')}`, 64);
  try {
    console.log(goTool(name) ?? fail(`${name} is not here, and no Go to build it with`, NO_GO));
  } catch (error) {
    fail(error.message);
  }
}
