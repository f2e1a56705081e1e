import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../scripts/lib/root.mjs';
import { followLines } from './log-lines.mjs';

const READY_POLL_MS = 150;
const ANSWER_MS = 1_000;
const STOP_MS = 10_000;
/** A node that waits for its Redis says so every now and then. */
const PATIENCE_MS = 10_000;

/** Where to reach what listens on a host: not every system answers on the address that means all of them. */
export const reachable = (host) => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);

const sumOf = (metrics, name) => {
  const samples = [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return samples.length === 0 ? undefined : samples.reduce((sum, [, value]) => sum + Number(value), 0);
};

/**
 * One process of the service, run as anybody would run it (`node dist/main.js` with an environment), with the means to
 * hurt it. States: `down`, `starting`, `ready`, `paused`, `killed` (from here), `died` (by itself).
 */
export class ServiceNode {
  #env;
  #admin;
  #label;
  #child;
  #lines = [];
  #exited = Promise.resolve();
  state = 'down';
  since = Date.now();
  /** How the last process ended, when it did so by itself. */
  ended;

  /** @param env - the whole environment of the process but for its name and ports. */
  constructor({ index, name, port, adminPort, env, label = '' }) {
    Object.assign(this, { index, name, port });
    this.#env = { ...env, PORT: String(port), ADMIN_PORT: String(adminPort), NODE_NAME: name };
    this.#admin = `http://${reachable(env.ADMIN_HOST ?? env.HOST)}:${adminPort}`;
    this.#label = label;
  }

  get healthUrl() {
    return `${this.#admin}/readyz`;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Resolves once the present process is gone. */
  get exited() {
    return this.#exited;
  }

  #become(state) {
    this.state = state;
    this.since = Date.now();
  }

  /** Starts a process if none runs. @returns whether it became ready; `false` once it ended instead. */
  async start() {
    // A process that was killed or told to stop is waited for: it still has the ports.
    if (this.state === 'killed' || this.state === 'down') await this.#exited;
    if (this.#child === undefined) this.#spawn();
    const child = this.#child;
    let told = Date.now();
    while (this.#child === child && this.state === 'starting') {
      const problem = await this.#notReady();
      if (this.#child !== child || this.state !== 'starting') break;
      if (problem === undefined) this.#become('ready');
      else if (Date.now() - told > PATIENCE_MS) {
        told = Date.now();
        console.log(`${this.#label}still waiting for it to become ready: ${problem}`);
      }
      await delay(READY_POLL_MS);
    }
    return this.#child === child;
  }

  #spawn() {
    // In a process group of its own: a Ctrl-C reaches the launcher alone, which then stops everything in order.
    const child = spawn(process.execPath, ['--import', './dev/leash.mjs', 'dist/main.js'], {
      cwd: root,
      env: this.#env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Only held open; a process that is gone breaks the pipe, which is no news.
    child.stdin.on('error', () => {});
    this.#child = child;
    this.ended = undefined;
    this.#lines = followLines(child, this.#label);
    this.#become('starting');
    const kill = () => child.kill('SIGKILL');
    process.on('exit', kill);
    this.#exited = new Promise((resolve) => {
      const over = (how) => {
        process.off('exit', kill);
        if (this.state !== 'killed' && this.state !== 'down') {
          this.#become('died');
          this.ended = how;
        }
        this.#child = undefined;
        resolve(how);
      };
      child.once('error', (error) => over({ code: 1, reason: error.message }));
      // `close` comes after the last line was read.
      child.once('close', (code, signal) =>
        over({ code, reason: this.#lines.at(-1) ?? (signal ? `signal ${signal}` : `code ${code}`) }),
      );
    });
  }

  async #notReady() {
    try {
      const answer = await this.#ask('/readyz');
      return answer.ok ? undefined : (await answer.text()).trim().slice(0, 200);
    } catch (error) {
      return `/readyz does not answer (${error.cause?.code ?? error.name})`;
    }
  }

  #ask(path) {
    return fetch(this.#admin + path, { signal: AbortSignal.timeout(ANSWER_MS) });
  }

  /** `kill -9`: nothing is told to anybody. */
  kill() {
    if (this.#child === undefined) return;
    this.#become('killed');
    this.#child.kill('SIGKILL');
  }

  /** Stalls the process where it stands, as a long pause of a machine does. */
  pause() {
    if (this.state === 'ready' && this.#child.kill('SIGSTOP')) this.#become('paused');
  }

  resume() {
    if (this.state === 'paused' && this.#child.kill('SIGCONT')) this.#become('ready');
  }

  /** The ordinary end: SIGTERM, and SIGKILL for one that does not go. */
  async stop() {
    const child = this.#child;
    if (child === undefined) return;
    this.#become('down');
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(late);
  }

  /** What the page shows of it: the process, and a few of its own metrics while it answers. */
  async describe() {
    const { index, name, port, pid, state, since } = this;
    const process = {
      index,
      name,
      port,
      pid,
      state,
      since,
      ...(this.ended && { reason: this.ended.reason }),
    };
    if (state !== 'ready') return process;
    try {
      const metrics = await (await this.#ask('/metrics')).text();
      return {
        ...process,
        connections: sumOf(metrics, 'rollcall_connections'),
        users: sumOf(metrics, 'rollcall_users_connected'),
        reaped: sumOf(metrics, 'rollcall_reaped_users_total'),
        fenced: sumOf(metrics, 'rollcall_fenced_total'),
      };
    } catch {
      return { ...process, silent: true };
    }
  }
}
