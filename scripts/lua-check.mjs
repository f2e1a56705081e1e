// npm run lua:check: luacheck over the library of functions as Redis loads it, so that a name nobody declares, a local
// nobody reads and one that hides another are found before a node runs them.
// Without luacheck, or a way to install it, it says so in one line and ends with 0: nothing was checked.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

import { aptTool } from './lib/apt-tool.mjs';
import { compile } from './lib/compile.mjs';

compile();
const { Library } = await import('../dist/store/redis/library.js');

const FOLDER = new URL('../src/store/lua/', import.meta.url);
/** What Redis gives to functions beside Lua 5.1. */
const GLOBALS = ['redis', 'cjson', 'cmsgpack', 'struct'];
const LONGEST_LINE = 160;

/** Where each file begins in the library, last first. */
const places = (source) =>
  readdirSync(FOLDER, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => {
      const at = source.indexOf(readFileSync(new URL(file, FOLDER), 'utf8'));
      if (at < 0) throw new Error(`${file} is not in the library`);
      return { file, line: source.slice(0, at).split('\n').length };
    })
    .sort((a, b) => b.line - a.line);

const check = () => {
  const luacheck = aptTool('luacheck', { package: 'lua-check' });
  if (luacheck === undefined) {
    console.log('luacheck cannot be had here: skipping the check of the Lua functions');
    return 0;
  }
  // The first line is for Redis alone.
  const source = new Library().source.replace(/^#!.*/, '');
  const done = spawnSync(
    luacheck,
    [
      '-',
      ...['--std', 'lua51', '--globals', ...GLOBALS, '--max-line-length', String(LONGEST_LINE)],
      ...['--formatter', 'plain', '--codes'],
    ],
    { input: source, encoding: 'utf8' },
  );
  if (done.error !== undefined || done.status === null) throw done.error ?? new Error('luacheck was killed');
  const files = places(source);
  for (const finding of done.stdout.split('\n').filter(Boolean)) {
    const [, line = '0', column = '', text = finding] = /^[^:]*:(\d+):(\d+): (.*)$/.exec(finding) ?? [];
    const place = files.find((each) => each.line <= Number(line));
    const where = place && `src/store/lua/${place.file}:${Number(line) - place.line + 1}:${column}`;
    console.log(`${where ?? finding}: ${text}`);
  }
  if (done.status === 0)
    console.log(`the library of functions: ${source.split('\n').length} lines, no finding`);
  return done.status;
};

process.exitCode = check();
