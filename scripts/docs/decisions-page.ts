import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../docs/decisions/', import.meta.url));

/** @throws Error for a page whose heading does not begin with the number in its name. */
const entryOf = (file: string): string => {
  const number = String(Number(file.slice(0, 4)));
  const heading = /^# (\d+)\. (.+)$/m.exec(readFileSync(FOLDER + file, 'utf8'));
  if (heading?.[1] !== number)
    throw new Error(`lists ${file}, whose heading must begin with "# ${number}. "`);
  return `| ${number} | [${heading[2]}](${file}) |`;
};

/** The index of the decisions, from their headings. */
export const decisionsPage = (): string => {
  const files = readdirSync(FOLDER).filter((name) => /^\d{4}-.*\.md$/.test(name));
  return `# Decisions

Choices that are hard to undo, each with its reasons and what was considered instead. \`npm run docs\` makes this list from
the headings.

| number | decision |
| --- | --- |
${files.sort().map(entryOf).join('\n')}
`;
};
