// Loaded into a node of the chaos suite before anything else (NODE_OPTIONS=--import): leads its connections to Redis
// through proxies, as a router would, and lets its clocks step. The service knows nothing of it.
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

/** Ports of Redis and what stands before them for this node: `{"6379": 12345}`. */
const routes = JSON.parse(process.env.CHAOS_ROUTES ?? '{}');
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const port = options !== null && typeof options === 'object' ? routes[options.port] : undefined;
  if (port !== undefined) {
    // The caller's own options stay as they are: it may use them again.
    if (Array.isArray(args[0])) args[0][0] = { ...options, port };
    else args[0] = { ...options, port };
  }
  return connect.apply(this, args);
};

/** How far this machine's clocks are off, ms: read again at each SIGWINCH, which nothing else here listens to. */
const file = process.env.CHAOS_CLOCK;
if (file !== undefined) {
  const read = () => JSON.parse(readFileSync(file, 'utf8'));
  const wall = Date.now;
  const monotonic = performance.now.bind(performance);
  let off = read();
  let last = monotonic();
  let asleep = 0;
  Date.now = () => wall() + off.wall;
  performance.now = () => {
    const now = monotonic();
    // A machine that was suspended does not know: its monotonic clock stood still as well.
    if (now - last > 300 && read().suspended) asleep += now - last;
    last = now;
    return now - asleep;
  };
  setInterval(() => performance.now(), 100).unref();
  process.on('SIGWINCH', () => {
    off = read();
  });
}
