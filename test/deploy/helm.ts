import { spawnSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

export const HELM = process.env.ROLLCALL_HELM;
export const CHART = 'helm/rollcall';
const RELEASE = 'here';
const NAMESPACE = 'presence';
/** Else a Helm that was built by `go install` may take Kubernetes for an ancient one. */
export const KUBERNETES = ['--kube-version', '1.34.0'];

/** The least a release must say. */
export const LEAST = { redis: { hosts: ['redis:6379'] }, keys: { existingSecret: 'keys' } };

/** Any part of a resource; asking for what is not there is `undefined`, as with JSON. */
// biome-ignore lint/suspicious/noExplicitAny: resources are read as the tree they are, and what is asserted names the path
type Tree = any;

export interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: Tree };
  readonly [field: string]: Tree;
}

export interface Rendered {
  readonly text: string;
  readonly resources: readonly Resource[];
  /** The one resource of a kind, whose name ends so. */
  one(kind: string, ending?: string): Resource;
}

export const helm = (
  args: readonly string[],
  input?: string,
): { status: number; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(HELM ?? 'helm', args, { encoding: 'utf8', input });
  return { status: status ?? 1, out: stdout, err: stderr };
};

const resourcesOf = (text: string): Resource[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Resource | null)
    .filter((resource) => resource !== null);

const template = (values: object | string, more: readonly string[]) => {
  // A file of values, or values as they are: JSON is YAML.
  const [from, input] = typeof values === 'string' ? [values, undefined] : ['-', JSON.stringify(values)];
  return helm(['template', RELEASE, CHART, '--namespace', NAMESPACE, '--values', from, ...more], input);
};

/** What Kubernetes would get. @throws Error with Helm's own words */
export const render = (values: object | string, more: readonly string[] = KUBERNETES): Rendered => {
  const { status, out, err } = template(values, more);
  if (status !== 0) throw new Error(err);
  const resources = resourcesOf(out);
  return {
    text: out,
    resources,
    one(kind, ending = '') {
      const found = resources.filter((r) => r.kind === kind && r.metadata.name.endsWith(ending));
      if (found.length !== 1 || found[0] === undefined)
        throw new Error(`${found.length} of ${kind} …${ending}`);
      return found[0];
    },
  };
};

/** Why Helm refuses these values, on top of {@link LEAST}; empty when it takes them. */
export const refusal = (values: object): string => {
  const { status, err } = template({ ...LEAST, ...values }, KUBERNETES);
  return status === 0 ? '' : err;
};
