import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { root } from './root.mjs';

const answers = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Fetches the package and unpacks it, complete or not at all. */
const unpack = (name, target) => {
  mkdirSync(`${root}.rollcall`, { recursive: true });
  const aside = mkdtempSync(`${root}.rollcall/unpacking-`);
  try {
    const apt = (...args) =>
      spawnSync('apt-get', ['-q', ...args], { cwd: aside, stdio: 'ignore' }).status === 0;
    // Only root may refresh the index; the one there is may do.
    if (!apt('download', name) && !(apt('update') && apt('download', name))) return;
    const file = readdirSync(aside).find((entry) => entry.endsWith('.deb'));
    if (file !== undefined && answers('dpkg-deb', '-x', `${aside}/${file}`, `${aside}/tree`))
      renameSync(`${aside}/tree`, target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
};

/**
 * Finds programs of one package on the PATH; else, on Debian, unpacks the package into `.rollcall`. Nothing is installed,
 * so that no service starts and nobody has to be root.
 * @returns their paths in the same order, or `undefined` when there is no way to have them.
 */
export const aptUnpack = (name, ...programs) => {
  if (programs.every((program) => answers(program, '--version'))) return programs;
  if (!answers('apt-get', '--version')) return undefined;
  const target = `${root}.rollcall/${name}`;
  if (!existsSync(target)) {
    process.stderr.write(`Unpacking ${name} …\n`);
    unpack(name, target);
  }
  const paths = programs.map((program) => `${target}/usr/bin/${program}`);
  return paths.every((path) => answers(path, '--version')) ? paths : undefined;
};
