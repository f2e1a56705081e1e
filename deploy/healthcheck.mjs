// node healthcheck.mjs [/livez|/readyz]: exit code 0 when the node in this container answers 200, else 1 and why.
import { get } from 'node:http';

const path = process.argv[2] ?? '/livez';
const { ADMIN_PORT: port = '9090', ADMIN_HOST, HOST } = process.env;
const listening = ADMIN_HOST ?? HOST ?? '0.0.0.0';
// "Every address" is where to listen, not where to call.
const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[listening] ?? listening;

const failed = (why) => {
  console.error(`${path}: ${why}`);
  process.exit(1);
};

// Shorter than the patience of whoever runs this, so that the reason is on record.
get({ host, port, path, timeout: 2_000 }, ({ statusCode }) => {
  if (statusCode === 200) process.exit(0);
  failed(`answered ${statusCode}`);
})
  .on('timeout', () => failed('no answer within 2 s'))
  .on('error', ({ message }) => failed(message));
