// Part of npm run docs, and with --check of docs:check: what the chart has from elsewhere, because a chart cannot read
// outside its folder: the settings of its schema from the code, rules and dashboards from deploy/, its versions from
// package.json. With --check it writes nothing and fails when something is not as it should be.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { envName, RULES, type Rule, SETTING_NAMES } from '../src/config/schema.ts';

const CHART = 'helm/rollcall';
const SCHEMA = `${CHART}/values.schema.json`;
/** Other parts of the values say these: they are secrets, or have to fit the ports and volumes of the pod. */
const ELSEWHERE = [
  'PORT',
  'ADMIN_PORT',
  'NODE_NAME',
  'REDIS_URL',
  'PASETO_KEYS',
  'PASETO_KEYS_FILE',
  'PASETO_SYMMETRIC_KEY',
  'PASETO_SYMMETRIC_VERSION',
];
const COPIES = [
  { from: 'deploy/prometheus/rules', to: `${CHART}/files/rules`, ending: '.yml' },
  { from: 'deploy/grafana/dashboards', to: `${CHART}/files/dashboards`, ending: '.json' },
];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** YAML has numbers and booleans where the environment has text only: both are taken. */
const valueSchema = (rule: Rule): object => {
  const { description, minimum, maximum } = rule;
  if (rule.enum) return { description, enum: rule.enum };
  if (rule.type === 'boolean') return { description, enum: [true, false, 'true', 'false'] };
  if (rule.type === 'integer')
    return {
      description,
      anyOf: [
        { type: 'integer', minimum, maximum },
        { type: 'string', pattern: '^-?[0-9]+$' },
      ],
    };
  return { description, type: ['string', 'integer', 'boolean'] };
};

const settings = (): Record<string, object> =>
  Object.fromEntries(
    SETTING_NAMES.filter((name) => !ELSEWHERE.includes(envName(name))).map((name) => [
      envName(name),
      valueSchema(RULES[name]),
    ]),
  );

const schema = (): string => {
  const whole = JSON.parse(readFileSync(SCHEMA, 'utf8')) as { properties: Record<string, object> };
  whole.properties['settings'] = { ...whole.properties['settings'], properties: settings() };
  return json(whole);
};

const chart = (): string => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return readFileSync(`${CHART}/Chart.yaml`, 'utf8')
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^appVersion: .*$/m, `appVersion: "${version}"`);
};

const namesIn = (folder: string, ending: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];

/** Path → content; `undefined` for what must not be there. */
const wanted = new Map<string, string | undefined>([
  [SCHEMA, schema()],
  [`${CHART}/Chart.yaml`, chart()],
]);
for (const { from, to, ending } of COPIES) {
  for (const name of namesIn(to, ending)) wanted.set(`${to}/${name}`, undefined);
  for (const name of namesIn(from, ending))
    wanted.set(`${to}/${name}`, readFileSync(`${from}/${name}`, 'utf8'));
}

const isCheck = process.argv.includes('--check');
let isWrong = false;
for (const [path, content] of wanted) {
  const is = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (is === content) continue;
  isWrong = true;
  if (isCheck) console.error(`${path} is not up to date: run npm run docs`);
  else if (content === undefined) rmSync(path);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
process.exitCode = isCheck && isWrong ? 1 : 0;
