import { Library } from '../../src/store/redis/library.ts';

/** The field of a partition's `meta` that says what its machine takes the time of day for, µs; without it: the real one. */
export const MACHINE = 'machine';

/** The text of the functions, with a time of day of their own in each partition. */
export const ownTime = (text: string): string => {
  const asked = "local time = call('TIME')\n  gen,";
  if (text.split(asked).length !== 2) throw new Error('the functions ask for the time elsewhere');
  const ours = `local time = call('TIME')
  local machine = call('HGET', metaKey, '${MACHINE}')
  if machine then time = { floor(machine / 1000000), machine % 1000000 } end
  gen,`;
  return text.replace(asked, ours);
};

/** The functions with a time of day of their own in each partition: tests put it where they want it, back as well. */
export const withOwnTime = (): Library => new Library(ownTime);
