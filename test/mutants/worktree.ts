import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' });

/** What is not committed is not in a worktree: its tests would be of something else. */
export const uncommitted = (): string => git('status', '--porcelain').trimEnd();

/** A throw-away checkout of the commit that is checked out here, with the same packages. */
export class Worktree {
  readonly path: string;
  readonly #parent: string;

  constructor() {
    // A name of its own: several runs may go on at once.
    this.#parent = mkdtempSync(join(tmpdir(), 'rollcall-mutants-'));
    this.path = join(this.#parent, 'tree');
    git('worktree', 'add', '--quiet', '--detach', this.path, 'HEAD');
    symlinkSync(join(ROOT, 'node_modules'), join(this.path, 'node_modules'));
  }

  remove(): void {
    try {
      git('worktree', 'remove', '--force', this.path);
    } finally {
      rmSync(this.#parent, { recursive: true, force: true });
    }
  }
}
