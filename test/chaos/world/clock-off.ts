import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

let library: string | false | undefined;

/**
 * The environment of a process whose time of day is so many seconds off; undefined where no C compiler is. (libfaketime
 * would do, but hangs in a Redis that has jemalloc, as Debian's has.)
 */
export const clockOff = (seconds: number): Readonly<Record<string, string>> | undefined => {
  library ??= build();
  if (library === false) return undefined;
  return { LD_PRELOAD: library, CLOCK_OFF_S: String(seconds) };
};

const build = (): string | false => {
  const file = join(mkdtempSync(join(tmpdir(), 'rollcall-clock-')), 'clock-off.so');
  const source = fileURLToPath(new URL('clock-off.c', import.meta.url));
  if (spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', file, source]).status === 0) return file;
  process.stderr.write('No C compiler here: replicas whose clocks are off are not tried.\n');
  return false;
};
