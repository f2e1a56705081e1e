import type { FormatName } from '../../src/config/formats.ts';
import { envName, RULES, type Rule, SECTIONS, type SettingName } from '../../src/config/schema.ts';
import { code, GENERATED_NOTE, table } from './markdown.ts';

const SHAPES: Readonly<Record<FormatName, string>> = {
  text: 'text',
  label: 'text of at most 128 characters',
  host: 'IP address or host name',
  'redis-url': 'URL',
  'redis-prefix': '1–64 of `A-Z a-z 0-9 . _ -`',
  'paserk-keys': 'PASERK keys',
  'symmetric-key': '64 hex digits or 44 characters of base64',
  origins: '`*` or origins',
  'trust-proxy': '`true`, `false`, 0–100 or addresses',
};

const valuesOf = (rule: Rule): string => {
  if (rule.enum) return rule.enum.map(code).join(', ');
  if (rule.type === 'integer') return `${rule.minimum}–${rule.maximum}`;
  if (rule.type === 'boolean') return '`true`, `false`';
  return SHAPES[rule.format ?? 'text'];
};

const defaultOf = (rule: Rule): string =>
  rule.defaultText ?? (rule.default === undefined ? '—' : code(String(rule.default)));

const rowOf = (setting: SettingName): string[] => {
  const rule = RULES[setting];
  return [code(envName(setting)), defaultOf(rule), valuesOf(rule), rule.description];
};

/** `docs/settings.md`. */
export const settingsPage = (): string => {
  const sections = SECTIONS.map(
    ({ title, settings }) =>
      `## ${title}\n\n${table(
        ['name', 'default', 'values', ''],
        Object.keys(settings).map((setting) => rowOf(setting as SettingName)),
      )}\n`,
  );
  return `${GENERATED_NOTE}

# Settings

A node is configured by its environment alone. The unit is part of each name: \`_MS\` milliseconds, \`_S\` and
\`_SECONDS\` seconds. A wrong value, also an empty one, stops the start with one line that names the setting, and exit
code 78. \`npx rollcall check-config\` says the same without starting anything or asking Redis, and warns of names that are
probably misspelt; \`npx rollcall print-config\` prints what is in effect, secrets masked.

${sections.join('\n')}`;
};
