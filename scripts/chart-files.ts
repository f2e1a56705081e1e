// Part of npm run docs, and with --check of docs:check: what the chart has from elsewhere, because a chart cannot read
// outside its folder: the settings of its schema from the code, its versions from package.json. With --check it writes nothing and fails when something is not as it should be.
import { readFileSync, writeFileSync } from 'node:fs';
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

const wanted = new Map<string, string>([
  [SCHEMA, schema()],
  [`${CHART}/Chart.yaml`, chart()],
]);

const isCheck = process.argv.includes('--check');
let isWrong = false;
for (const [path, content] of wanted) {
  if (readFileSync(path, 'utf8') === content) continue;
  isWrong = true;
  if (isCheck) console.error(`${path} is not up to date: run npm run docs`);
  else writeFileSync(path, content);
}
process.exitCode = isCheck && isWrong ? 1 : 0;
