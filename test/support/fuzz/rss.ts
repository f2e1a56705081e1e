import { readFile } from 'node:fs/promises';

/** Resident memory of a process, bytes; 0 where the system does not tell. */
export const rssOf = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
};
