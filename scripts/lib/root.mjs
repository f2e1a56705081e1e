import { fileURLToPath } from 'node:url';

/** The repository, with a slash at its end: every script works from any directory. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One clear line and the end: for what the person at the keyboard has to put right. */
export const fail = (message, code = 1) => {
  process.stderr.write(`rollcall: ${message}\n`);
  process.exit(code);
};
