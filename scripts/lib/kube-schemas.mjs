import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { root } from './root.mjs';

/** Where the definitions come from: the sources of the projects themselves, as Go modules. */
const KUBERNETES = 'k8s.io/kubernetes@v1.34.2';
const OPERATOR = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const GATEWAY = 'sigs.k8s.io/gateway-api@v1.4.0';

const BUILT_IN = [
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Pod',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.networking.v1.Ingress',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
];
const monitoring = (kinds) => `example/prometheus-operator-crd/monitoring.coreos.com_${kinds}.yaml`;
/** The definitions of kinds that are not Kubernetes' own: module and path. */
export const CUSTOM = [
  [OPERATOR, monitoring('servicemonitors')],
  [OPERATOR, monitoring('podmonitors')],
  [OPERATOR, monitoring('prometheusrules')],
  [GATEWAY, 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
];
const TEXT_OR_NUMBER = { anyOf: [{ type: 'string' }, { type: 'number' }] };

export const moduleFolder = (module) => {
  const { stdout } = spawnSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' });
  const { Dir, Error: message } = JSON.parse(stdout || '{"Error":"go mod download said nothing"}');
  if (Dir === undefined) throw new Error(`${module}: ${message}`);
  return Dir;
};

/** One schema without references, in which a field that Kubernetes does not know is an error and not a thing of no effect. */
const strict = (schema, definitions, top = false) => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/definitions/', '');
    if (/(Quantity|IntOrString)$/.test(name)) return TEXT_OR_NUMBER;
    return strict(definitions[name], definitions);
  }
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string']) return TEXT_OR_NUMBER;
  const { type, required, properties, items, additionalProperties, enum: values, pattern } = schema;
  const inner = (value) => (typeof value === 'object' ? strict(value, definitions) : value);
  const fields = properties && Object.entries(properties).map(([name, value]) => [name, inner(value)]);
  const open = additionalProperties ?? (schema['x-kubernetes-preserve-unknown-fields'] ? {} : false);
  // The definitions of resources leave `apiVersion` and `kind` to choice; a resource must have both.
  const needed = top ? [...new Set([...(required ?? []), 'apiVersion', 'kind'])] : required;
  return {
    ...(type && { type }),
    ...(needed && { required: needed }),
    ...(fields && { properties: Object.fromEntries(fields), additionalProperties: inner(open) }),
    ...(!fields &&
      additionalProperties !== undefined && { additionalProperties: inner(additionalProperties) }),
    ...(items && { items: inner(items) }),
    ...(values && { enum: values }),
    ...(pattern && type === 'string' && { pattern }),
  };
};

const builtIn = () => {
  const folder = moduleFolder(KUBERNETES);
  const { definitions } = JSON.parse(readFileSync(`${folder}/api/openapi-spec/swagger.json`, 'utf8'));
  return BUILT_IN.map((name) => {
    const [{ kind, version }] = definitions[name]['x-kubernetes-group-version-kind'];
    return [kind, version, strict(definitions[name], definitions, true)];
  });
};

const custom = () =>
  CUSTOM.flatMap(([module, path]) => {
    const { spec } = parse(readFileSync(`${moduleFolder(module)}/${path}`, 'utf8'));
    return spec.versions.map(({ name, schema }) => {
      const { openAPIV3Schema } = schema;
      openAPIV3Schema.properties.metadata.additionalProperties = {};
      return [spec.names.kind, name, strict(openAPIV3Schema, {}, true)];
    });
  });

/**
 * The schemas of every kind of resource the chart makes, in files as `kubeconform -schema-location` wants them.
 * @returns the location, with its placeholders.
 */
export const kubeSchemas = () => {
  const folder = `${root}.rollcall/kube-schemas-${[KUBERNETES, OPERATOR, GATEWAY].map((m) => m.split('@v')[1]).join('-')}`;
  if (!existsSync(folder)) {
    const aside = `${folder}.${process.pid}`;
    mkdirSync(aside, { recursive: true });
    for (const [kind, version, schema] of [...builtIn(), ...custom()])
      writeFileSync(`${aside}/${kind.toLowerCase()}-${version}.json`, JSON.stringify(schema));
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  }
  return `${folder}/{{ .ResourceKind }}-{{ .ResourceAPIVersion }}.json`;
};
