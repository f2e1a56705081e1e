import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';
const POLL_MS = 50;
const START_MS = 10_000;

/**
 * Runs the server until standard input closes: it ends with its launcher, however that ends, and not with the Ctrl-C
 * that the nodes still need it for.
 */
const LEASH = 'exec 3<&0; "$@" </dev/null & child=$!; { cat <&3 >/dev/null; kill "$child"; } & wait "$child"';

const pongs = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    const answer = (good) => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    socket.write('PING\r\n');
  });

/** A Redis of the cluster's own that keeps nothing on disk. @returns its URL and how to stop it. */
export const startRedis = async (server, port) => {
  const settings = { port, bind: HOST, save: '', appendonly: 'no', loglevel: 'warning', dir: tmpdir() };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('sh', ['-c', LEASH, 'redis', server, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => {});
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const patience = Date.now() + START_MS;
  while (!(await pongs(port))) {
    if (child.exitCode !== null || Date.now() > patience) {
      child.stdin.end();
      throw new Error(`${server} did not start on port ${port}`);
    }
    await delay(POLL_MS);
  }
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  return { url: `redis://${HOST}:${port}`, port, stop };
};
