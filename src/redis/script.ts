import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../store/lua/', import.meta.url);

export type ScriptName =
  | 'beat'
  | 'apply'
  | 'reap'
  | 'sweep'
  | 'repair'
  | 'claim'
  | 'read'
  | 'members'
  | 'count'
  | 'register';

/** What a script may answer, before it is checked. */
export type RawReply = string | number | null | RawReply[];

/** One Lua script with the libraries it names in `-- @include`, as sent to Redis. */
export class Script {
  readonly name: ScriptName;
  readonly source: string;
  readonly sha: string;

  constructor(name: ScriptName) {
    this.name = name;
    const text = readFileSync(new URL(`${name}.lua`, FOLDER), 'utf8');
    const included = /^-- @include (.+)$/m.exec(text)?.[1]?.split(' ') ?? [];
    const libraries = included.map((lib) => readFileSync(new URL(`lib/${lib}.lua`, FOLDER), 'utf8'));
    // The shebang has to stay the first line; libraries come where they are asked for.
    this.source = text.replace(/^-- @include .+$/m, () => libraries.join('\n'));
    this.sha = createHash('sha1').update(this.source).digest('hex');
  }
}

/** A script answered something it never should: a bug, not a condition. */
export class UnexpectedReply extends Error {
  readonly code = 'unexpected_reply';
  constructor(script: ScriptName, reply: unknown) {
    super(`script ${script} answered ${JSON.stringify(reply)?.slice(0, 200)}`);
    this.name = 'UnexpectedReply';
  }
}
