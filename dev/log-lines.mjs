import { createInterface } from 'node:readline';

const LEVELS = { 40: 'warn', 50: 'error', 60: 'fatal' };
const KEPT = 20;

/** A line of the service's JSON log as a person reads it; anything else stays what it is. */
const readable = (line) => {
  if (!line.startsWith('{')) return line;
  try {
    const { level, msg, err } = JSON.parse(line);
    const cause = err?.message === undefined || err.message === msg ? '' : `: ${err.message}`;
    return `${LEVELS[level] ? `${LEVELS[level]}: ` : ''}${msg ?? ''}${cause}` || line;
  } catch {
    return line;
  }
};

/**
 * Prints what a child writes, each line with a label in front.
 * @returns the last lines, for telling why it ended.
 */
export const followLines = (child, label) => {
  const last = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      const text = readable(line);
      last.push(text);
      if (last.length > KEPT) last.shift();
      process.stderr.write(`${label}${text}\n`);
    });
  return last;
};
