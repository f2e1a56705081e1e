import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUGS, type Bug } from './bugs.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Copies the build, plants a bug in the copy. @returns what a node has to run. @throws when the bug does not fit. */
export const plant = (bug: Bug): string => {
  // Below node_modules, so that the copy finds its dependencies and nobody takes it for a build.
  const folder = join(ROOT, 'node_modules/.cache/rollcall-chaos', bug);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const { file, from, to } of BUGS[bug]) {
    const path = join(folder, 'dist', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${bug} does not fit: ${file} has not once: ${from}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  return join(folder, 'dist/main.js');
};
