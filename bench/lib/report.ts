import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { openFilesLimit } from './proc.ts';
import { type Benchmark, type Measured, median, reached } from './result.ts';

export interface Section {
  readonly benchmark: Benchmark;
  readonly rows: readonly Measured[];
}

/** Three significant digits, thousands set apart. */
const figure = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
};

const HEAD = ['', 'result', 'spread', 'target', ''];

const cells = (row: Measured): string[] => {
  const { target } = row;
  const goal =
    target === undefined ? '' : 'max' in target ? `≤ ${figure(target.max)}` : `≥ ${figure(target.min)}`;
  const ok = reached(row);
  return [
    row.name,
    `${figure(median(row.samples))} ${row.unit}`,
    `${figure(Math.min(...row.samples))} – ${figure(Math.max(...row.samples))}`,
    goal,
    ok === undefined ? '' : ok ? 'yes' : 'NO',
  ];
};

/** For the terminal: columns under each other. */
export const textTable = (rows: readonly Measured[]): string => {
  const all = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
};

const markdownTable = (rows: readonly Measured[]): string =>
  [HEAD, HEAD.map(() => '---'), ...rows.map(cells)].map((line) => `| ${line.join(' | ')} |`).join('\n');

const machine = (redisVersion: string): string => {
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${memory} GiB, ${system}`,
    `Linux ${release()}, Node ${process.version.slice(1)}, Redis ${redisVersion}`,
    `at most ${openFilesLimit().toLocaleString('en-US')} open files a process`,
  ].join('; ');
};

const heading = ({ benchmark }: Section): string => `## ${benchmark.title}`;

const today = (): string => new Date().toISOString().slice(0, 10);

/** @param measured - when, where it was not with the rest of the page. */
const chapter = (section: Section, measured?: string): string => {
  const { benchmark, rows } = section;
  const notes = rows.flatMap((row) => (row.note === undefined ? [] : [`- ${row.name}: ${row.note}`]));
  return [
    heading(section),
    '',
    measured === undefined ? benchmark.about : `${benchmark.about} Measured ${measured}.`,
    '',
    rows.length > 0 ? markdownTable(rows) : 'Not measured: what it needs is not on this machine.',
    '',
    ...(notes.length > 0 ? [...notes, ''] : []),
  ].join('\n');
};

/** The page of the documentation. */
export const page = (sections: readonly Section[], repeats: number, redisVersion: string): string =>
  [
    '# Benchmarks',
    '',
    'Made by `npm run bench -- --write`; do not edit. Server, Redis and clients share one machine, so that figures of',
    'throughput are what is left beside the clients; CPU figures are those of the server process alone.',
    `Each figure is the median of ${repeats} repetitions, each from fresh processes; the spread is the least and the greatest.`,
    '',
    `Measured ${today()} on: ${machine(redisVersion)}.`,
    '',
    '## How to repeat',
    '',
    '```sh',
    'npm run bench                       # everything, three repetitions',
    'npm run bench -- --only connects    # one of them; its name is the name of the file in bench/',
    'npm run bench -- --repeats 5 --write',
    'npm run bench -- --only latency --write    # measures one chapter of this page again',
    '```',
    '',
    'It needs Linux (`/proc`), a `redis-server` on the PATH, k6 or Go for the last part, and an otherwise idle machine. A connection is an open file at',
    'both ends: to see 20,000 connections on one node, raise the limit first (`ulimit -n 65536`); with less the highest level',
    'is as near as the limit allows. Clients use the source addresses 127.0.0.2 and 127.0.0.3, which have their own ports.',
    '',
    ...sections.map((section) => chapter(section)),
  ].join('\n');

/** The page with the chapters of these sections replaced, and new ones at its end. */
export const withChapters = (page: string, sections: readonly Section[]): string =>
  sections.reduce((text, section) => {
    const from = text.indexOf(`${heading(section)}\n`);
    if (from < 0) return `${text.trimEnd()}\n\n${chapter(section, today())}`;
    const next = text.indexOf('\n## ', from);
    return `${text.slice(0, from)}${chapter(section, today())}${next < 0 ? '' : text.slice(next)}`;
  }, page);
