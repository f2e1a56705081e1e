#!/usr/bin/env node
import { processIo } from './cli/process-io.ts';
import { run } from './cli/run.ts';
import { VERSION } from './version.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // A second one ends it at once, as it would without us.
  process.once(signal, () => stop.abort());
}
// The reader of the output closed it, for example `rollcall watch … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(
  process.argv.slice(2),
  processIo({
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    stop: stop.signal,
    version: VERSION,
  }),
);
