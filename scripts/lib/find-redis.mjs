import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Sharded pub/sub, which the service leans on, came with 7.0. */
const OLDEST_MAJOR = 7;
const IMAGE = 'redis:7-alpine';

/** An executable of that name on the PATH, or `undefined`. */
const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** A `redis-server` that is new enough; an old one is named and passed over. */
const usableServer = () => {
  const path = onPath('redis-server');
  if (path === undefined) return undefined;
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const major = Number(/v=(\d+)/.exec(said)?.[1] ?? 0);
  if (major >= OLDEST_MAJOR) return path;
  console.log(
    `${path} is too old (${said.trim() || 'no version'}); Redis ${OLDEST_MAJOR} or newer is needed`,
  );
  return undefined;
};

/** A Redis in a container, when a Docker engine answers and has or gets the image. */
const inContainer = async () => {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  console.log(`Starting ${IMAGE} in a container …`);
  try {
    const container = await new GenericContainer(IMAGE)
      .withCommand(['redis-server', '--save', '', '--appendonly', 'no'])
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .start();
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
    return { url, stop: () => container.stop() };
  } catch (error) {
    console.log(`The container did not start: ${error.message}`);
    return undefined;
  }
};

const byApt = () => {
  const apt = onPath('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) return undefined;
  console.log('Installing Redis (apt-get install redis-server redis-sentinel) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args) => spawnSync(apt, args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  // A stale or partly unreachable index may still do: the install decides.
  run('-q', 'update');
  run('-q', '-y', '--no-install-recommends', 'install', 'redis-server', 'redis-sentinel');
  return usableServer();
};

/**
 * Finds a Redis: `REDIS_URL`, then a server on the PATH, then a container, then the system's package.
 * @returns either `url` (somebody else's process, or a container) or `server` (a binary to start one's own from), and
 * `stop` for what was started here; `undefined` when there is no way.
 */
export const findRedis = async (env = process.env) => {
  const nothing = async () => {};
  // With a given Redis the binary still serves those who must crash or freeze one of their own.
  if (env.REDIS_URL) return { url: env.REDIS_URL, server: usableServer(), stop: nothing };
  const server = usableServer();
  if (server !== undefined) return { server, stop: nothing };
  const container = await inContainer();
  if (container !== undefined) return container;
  const installed = byApt();
  return installed === undefined ? undefined : { server: installed, stop: nothing };
};

export const NO_REDIS =
  'no Redis found: set REDIS_URL, or put redis-server 7 or newer on the PATH, or start Docker';
