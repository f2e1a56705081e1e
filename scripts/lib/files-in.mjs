import { existsSync, readdirSync } from 'node:fs';

/** Paths of all files below a folder, relative to it. */
export const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length))
        .sort()
    : [];
