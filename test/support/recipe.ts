import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end, hasExited, own } from './child.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Modules resolve from here as they do for whoever copies a recipe into a project of theirs. */
const SCRATCH = join(ROOT, '.rollcall');

/** The one block of code of a recipe, as the page has it. */
export interface Recipe {
  readonly title: string;
  readonly language: string;
  readonly code: string;
}

/** The recipes of a page: each heading with its block. @throws Error for a heading with none or with several. */
export const recipesOf = (page: string): readonly Recipe[] =>
  readFileSync(join(ROOT, page), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const title = part.slice(0, part.indexOf('\n'));
      const [block, ...more] = [...part.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
      if (block === undefined || more.length > 0) throw new Error(`"${title}" has no block, or several`);
      const [, language = '', code = ''] = block;
      return { title, language, code };
    });

/** The settings of an `ini` block. */
export const settingsOf = ({ code }: Recipe): Record<string, string> =>
  Object.fromEntries(
    [...code.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

/** A block that runs in a process of its own, as it stands on the page. */
export class RecipeProcess {
  output = '';
  errors = '';
  readonly #child: ChildProcess;
  readonly #folder: string;

  constructor({ language, code }: Recipe, env: Readonly<Record<string, string>>) {
    mkdirSync(SCRATCH, { recursive: true });
    this.#folder = mkdtempSync(join(SCRATCH, 'recipe-'));
    const file = join(this.#folder, language === 'js' ? 'recipe.mjs' : 'recipe.sh');
    writeFileSync(file, code);
    const [command, args] =
      language === 'js'
        ? [process.execPath, ['--experimental-websocket', file]]
        : ['bash', ['-euo', 'pipefail', file]];
    this.#child = own(
      spawn(command, args, {
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
  }

  get lines(): readonly string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }

  send(message: string): void {
    this.#child.send(message);
  }

  async says(line: string): Promise<void> {
    await until(() => this.lines.includes(line), { what: `"${line}"`, saw: () => this.#said });
  }

  /** Waits until it has run. @returns its lines. @throws Error when it failed. */
  async done(): Promise<readonly string[]> {
    await until(() => hasExited(this.#child), { what: `the end after ${this.#said}` });
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#child.exitCode !== 0) throw new Error(`exit code ${this.#child.exitCode}: ${this.#said}`);
    return this.lines;
  }

  async stop(): Promise<void> {
    await end(this.#child, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #said(): string {
    return `${this.output.slice(-500)}${this.errors.slice(-500)}`;
  }
}
