import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { FunctionLibrary } from '../../redis/functions.ts';

const FOLDER = new URL('../lua/', import.meta.url);

/** Files that every other file uses, in order of dependency: their locals are the library's. */
const SHARED = ['globals', 'text', 'context'] as const;

const FUNCTIONS = [
  'beat',
  'apply',
  'reap',
  'retire',
  'sweep',
  'repair',
  'claim',
  'note',
  'session',
  'touch',
  'regroup',
  'finish',
  'revoked',
  'refuse',
  'explain',
  'read',
  'replay',
  'members',
  'count',
  'slice',
  'groupcount',
  'groupsize',
  'place',
  'placesof',
  'placecount',
  'placeslice',
  'putout',
  'clearplace',
  'register',
  'missing_permissions',
] as const;
/** What can be called in Redis: each is one file `<name>.lua`. */
export type FunctionName = (typeof FUNCTIONS)[number];

/** `rules/row.lua` is the module `Row`, `lib/row-codec.lua` the module `RowCodec`. */
const moduleName = (file: string): string =>
  file.replace(/^.*\/|\.lua$/g, '').replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Files of `lib/` and `rules/` that are modules: tables of functions, which may call each other in any order. */
const moduleFiles = (): readonly string[] =>
  ['lib', 'rules'].flatMap((folder) =>
    readdirSync(new URL(folder, FOLDER))
      .filter((file) => !SHARED.some((name) => file === `${name}.lua`))
      .map((file) => `${folder}/${file}`)
      .sort(),
  );

/**
 * The functions as one library of Redis, loaded once and then called by name: nothing is parsed or set up again for a
 * call. Lua allows a function 200 locals, and the library is one function: each file but those of {@link SHARED} has
 * a scope of its own, and adds one local at most. Its name holds a digest of its text, so that two releases running
 * side by side each call their own.
 */
export class Library implements FunctionLibrary {
  readonly name: string;
  readonly source: string;

  /** @param adapt - a further change of the text: tests insert their own clock. */
  constructor(adapt = (text: string): string => text) {
    const read = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');
    const modules = moduleFiles();
    const text = adapt(
      [
        ...modules.map((file) => `local ${moduleName(file)} = {}`),
        ...SHARED.map((name) => read(`lib/${name}.lua`)),
        ...[...modules, ...FUNCTIONS.map((name) => `${name}.lua`)].map((file) => `do\n${read(file)}end`),
      ].join('\n'),
    );
    this.name = `rollcall_${createHash('sha1').update(text).digest('hex').slice(0, 12)}`;
    this.source = `#!lua name=${this.name}
local function define(name, callback, flags)
  redis.register_function({ function_name = '${this.name}_' .. name, callback = callback, flags = flags })
end
${text}`;
  }

  /** The name under which Redis knows a function. */
  called(name: FunctionName): string {
    return `${this.name}_${name}`;
  }
}
