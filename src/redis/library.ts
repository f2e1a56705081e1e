import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../store/lua/', import.meta.url);

/** Shared parts, in the order in which they build on each other. */
const PARTS = [
  'context',
  'row',
  'profile',
  'ending',
  'damping',
  'evaluate',
  'sessions',
  'absorb',
  'lose',
  'commit',
  'entries',
  'settle',
  'reply',
  'single',
] as const;

const FUNCTIONS = [
  'beat',
  'apply',
  'reap',
  'retire',
  'sweep',
  'repair',
  'claim',
  'session',
  'touch',
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
  'register',
  'lacks',
] as const;
/** What can be called in Redis: each is one file `<name>.lua`. */
export type FunctionName = (typeof FUNCTIONS)[number];

/** What a function may answer, before it is checked. */
export type RawReply = string | number | null | RawReply[];

/**
 * A part with a scope of its own: Lua allows a chunk 200 locals, and all parts are one chunk. What others use of it is
 * named in its head, `-- Exports: a, b`, and written without `local`; a part without that line shares all it declares.
 */
const scoped = (text: string): string => {
  const names = /^-- Exports: ((?:.+\n)(?:-- {3}.+\n)*)/m.exec(text)?.[1]?.replaceAll('\n--   ', ' ').trim();
  return names === undefined ? text : `local ${names}\ndo\n${text}end`;
};

/**
 * The functions as one library of Redis, loaded once and then called by name: nothing is parsed or set up again for
 * a call. Its name holds a digest of its text, so that releases side by side each call their own.
 */
export class Library {
  readonly name: string;
  readonly source: string;

  /** @param adapt - what else is done to the text: tests put a clock of their own in. */
  constructor(adapt = (text: string): string => text) {
    const read = (file: string): string => readFileSync(new URL(`${file}.lua`, FOLDER), 'utf8');
    const parts = PARTS.map((part) => scoped(read(`lib/${part}`)));
    const functions = FUNCTIONS.map((name) => `do\n${read(name)}end`);
    const text = adapt([...parts, ...functions].join('\n'));
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

/** A function answered something it never should: a bug, not a condition. */
export class UnexpectedReply extends Error {
  readonly code = 'unexpected_reply';
  constructor(name: FunctionName, reply: unknown) {
    super(`function ${name} answered ${JSON.stringify(reply)?.slice(0, 200)}`);
    this.name = 'UnexpectedReply';
  }
}
