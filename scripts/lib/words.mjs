import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

/** Kinds of file in which people read sentences. */
const MARKS = {
  '.ts': /^\s*(?:\/\*\*?|\*\/?|\/\/)\s?/,
  '.mjs': /^\s*(?:\/\*\*?|\*\/?|\/\/)\s?/,
  '.lua': /^\s*--\s?/,
  '.md': /^/,
};
/** A comment behind code, and a text between quotes that has a blank in it: a name has none. */
const BEHIND = { '.ts': /\s(\/\/ .*|\/\*\* .*)$/, '.mjs': /\s(\/\/ .*|\/\*\* .*)$/, '.lua': /\s(-- .*)$/ };
const TEXT = /'((?:[^'\\\n]|\\.)* (?:[^'\\\n]|\\.)*)'|`([^`\n]* [^`\n]*)`|"([^"\n]* [^"\n]*)"/g;

/**
 * The prose of a file: comments and texts of code, everything but code of a page.
 * @returns one entry a run of lines, so that a phrase is found across a line break: the text, and the line of each part.
 */
const proseOf = (source, kind) => {
  const runs = [];
  let run = [];
  let fenced = false;
  const end = () => {
    if (run.length > 0) runs.push(run);
    run = [];
  };
  for (const [index, line] of source.split('\n').entries()) {
    const at = index + 1;
    if (kind === '.md') {
      if (line.trimStart().startsWith('```')) fenced = !fenced;
      const text = fenced
        ? ''
        : line
            .replace(/`[^`]*`/g, '`…`')
            // Where a link leads: a name.
            .replace(/\]\([^)\s]*\)/g, ']')
            .trim();
      if (text === '') end();
      else run.push({ at, text });
      continue;
    }
    const mark = MARKS[kind].exec(line);
    if (mark !== null) {
      if (line.includes('/**') || line.trim() === '--') end();
      run.push({
        at,
        text: line
          .slice(mark[0].length)
          .replace(/`[^`]*`/g, '`…`')
          .trim(),
      });
      continue;
    }
    end();
    const behind = BEHIND[kind].exec(line)?.[1];
    if (behind !== undefined) runs.push([{ at, text: behind }]);
    for (const [, single, template, double] of line.matchAll(TEXT)) {
      runs.push([{ at, text: (single ?? template ?? double).replace(/\$\{[^}]*\}/g, '…') }]);
    }
  }
  end();
  return runs;
};

/** Where a text has words that must not stand in it. @param words - `{ pattern, instead, why }` each. */
export const findWords = (source, kind, words) => {
  const found = [];
  for (const run of proseOf(source, kind)) {
    const text = run.map((part) => part.text).join(' ');
    for (const { pattern, instead, why } of words) {
      for (const match of text.matchAll(new RegExp(pattern, 'gi'))) {
        let from = 0;
        const part = run.find(({ text: own }) => {
          from += own.length + 1;
          return match.index < from;
        });
        found.push({ line: part?.at ?? 0, text: match[0], instead, why });
      }
    }
  }
  return found.sort((a, b) => a.line - b.line);
};

const within = (file, folders) => folders.some((folder) => file === folder || file.startsWith(`${folder}/`));

/** Files below a path that are checked, in order. */
const filesBelow = (root, path) => {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { recursive: true })
    .map((name) => `${path}/${name}`)
    .filter((name) => extname(name) in MARKS && statSync(join(root, name)).isFile())
    .sort();
};

/**
 * Every word that must not stand in the repository, as `{ file, line, text, instead, why }`.
 * @param list - as `words.json`; files in `generated` are left out.
 */
export const checkWords = (root, { folders, generated, words }) =>
  folders
    .flatMap((path) => filesBelow(root, path))
    .filter((file) => !within(file, generated))
    .flatMap((file) =>
      findWords(readFileSync(join(root, file), 'utf8'), extname(file), words).map((found) => ({
        file,
        ...found,
      })),
    );
