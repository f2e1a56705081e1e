import { spawnSync } from 'node:child_process';

const answers = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * Makes sure that a program is on the PATH: where this is Debian's root and it is missing, its package is installed.
 * @param ask - arguments with which the program ends at once and well, for instance `-v`.
 * @returns the name of the program, or `undefined` when there is no way to have it.
 */
export const aptTool = (program, { package: name = program, ask = '--version' } = {}) => {
  if (answers(program, ask)) return program;
  if (process.getuid?.() !== 0 || !answers('apt-get', '--version')) return undefined;
  process.stderr.write(`Installing ${name} (apt-get install ${name}) …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args) =>
    spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  // A stale or partly unreachable index may still do: the install decides.
  run('update');
  run('-y', '--no-install-recommends', 'install', name);
  return answers(program, ask) ? program : undefined;
};
