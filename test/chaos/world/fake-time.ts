import { existsSync, readdirSync } from 'node:fs';

const LIBRARIES = '/usr/lib';

/** Where Debian puts it, by architecture. */
const find = (): string | undefined =>
  existsSync(LIBRARIES)
    ? readdirSync(LIBRARIES)
        .map((folder) => `${LIBRARIES}/${folder}/faketime/libfaketime.so.1`)
        .find((path) => existsSync(path))
    : undefined;

let told = false;

/** The environment of a process whose time of day is so many seconds off; undefined without libfaketime. */
export const fakeTime = (seconds: number): Readonly<Record<string, string>> | undefined => {
  const library = find();
  if (library === undefined) {
    if (!told)
      process.stderr.write('No libfaketime here (Debian: faketime): clocks that are off are not tried.\n');
    told = true;
    return undefined;
  }
  const sign = seconds < 0 ? '-' : '+';
  return { LD_PRELOAD: library, FAKETIME: `${sign}${Math.abs(seconds)}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
};
