import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { end, hasExited, own } from './child.ts';
import { freePort } from './ports.ts';
import { TIMINGS, timingEnv } from './timings.ts';
import { until } from './until.ts';

const HOST = '127.0.0.1';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOG_LIMIT = 5_000;

/**
 * What to run: `ROLLCALL_MAIN` (for instance `dist/main.js`), else the sources as they are, so that a test never
 * speaks of an old build.
 */
const command = (main = process.env.ROLLCALL_MAIN): string[] => {
  return main === undefined ? ['--import', 'tsx', 'src/main.ts'] : [main];
};

export interface NodeOptions {
  /** Settings over the test defaults, by their documented names. `undefined` takes one away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Do not wait for `/readyz`: for nodes that cannot become ready or are meant to exit. */
  readonly waitReady?: boolean;
  /** Run this instead: a build of the test's own. */
  readonly main?: string | undefined;
}

/** Settings shared by every node in the tests: short periods, and no rate limits because all clients share an address. */
const testEnv = (): Record<string, string> => ({
  ...timingEnv(TIMINGS),
  PARTITIONS: '8',
  HTTP_RATE: '0',
  UPGRADE_RATE: '0',
  LOG_LEVEL: 'info',
});

/** Only these come from outside: a developer's own settings must not change a test. */
const inherited = (): Record<string, string> => {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'NODE_V8_COVERAGE']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
};

/** One real node of the service: a process that can crash, hang and be asked to leave. */
export class NodeProcess {
  readonly port: number;
  readonly adminPort: number;
  /** The last lines of standard output and error together. */
  readonly logs: string[] = [];
  readonly #child: ChildProcess;
  #partial = '';

  private constructor(port: number, adminPort: number, env: Record<string, string>, main?: string) {
    this.port = port;
    this.adminPort = adminPort;
    this.#child = own(
      spawn(process.execPath, command(main), { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#log(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#log(chunk));
  }

  static async start({ env, waitReady = true, main }: NodeOptions): Promise<NodeProcess> {
    const port = await freePort(HOST);
    const adminPort = await freePort(HOST);
    const settings: Record<string, string> = { ...inherited(), ...testEnv() };
    const own = {
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      HOST,
      NODE_NAME: `node-${port}`,
      ...env,
    };
    for (const [name, value] of Object.entries(own)) {
      if (value === undefined) delete settings[name];
      else settings[name] = value;
    }
    const node = new NodeProcess(port, adminPort, settings, main);
    if (!waitReady) return node;
    try {
      await node.ready();
    } catch (error) {
      // Nobody else knows of it yet.
      await node.kill();
      throw error;
    }
    return node;
  }

  get httpUrl(): string {
    return `http://${HOST}:${this.port}`;
  }
  get wsUrl(): string {
    return `ws://${HOST}:${this.port}/v1/ws`;
  }
  get adminUrl(): string {
    return `http://${HOST}:${this.adminPort}`;
  }
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the node has no process');
    return this.#child.pid;
  }
  get running(): boolean {
    return !hasExited(this.#child);
  }
  /** `null` while it runs or when a signal ended it. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Waits until `/readyz` says 200. */
  async ready(timeoutMs = 30_000): Promise<void> {
    await until(
      async () => {
        if (!this.running) return true;
        return (await this.readyStatus()) === 200;
      },
      { timeoutMs, what: `readiness of node ${this.port}` },
    ).catch((error: unknown) => {
      throw new Error(`node ${this.port} is not ready; its log:\n${this.tail()}`, { cause: error });
    });
    if (!this.running) {
      throw new Error(`node ${this.port} exited with ${this.exitCode}; its log:\n${this.tail()}`);
    }
  }

  async readyStatus(): Promise<number> {
    return (await this.#admin('/readyz')).status;
  }

  async liveStatus(): Promise<number> {
    return (await this.#admin('/livez')).status;
  }

  async metricsText(): Promise<string> {
    return (await this.#admin('/metrics')).text();
  }

  /** The sum of a metric over all its labels, or over those samples whose labels contain the given text. */
  async metric(name: string, label = ''): Promise<number> {
    let sum = 0;
    for (const line of (await this.metricsText()).split('\n')) {
      const sample = /^([a-zA-Z0-9_:]+)(\{.*\})? (\S+)/.exec(line);
      if (sample?.[1] !== name || !(sample[2] ?? '').includes(label)) continue;
      sum += Number(sample[3]);
    }
    return sum;
  }

  #admin(path: string): Promise<Response> {
    return fetch(this.adminUrl + path, { signal: AbortSignal.timeout(2_000) });
  }

  /** `kill -9`: no goodbye to anybody. */
  async kill(): Promise<void> {
    await end(this.#child, 'SIGKILL');
  }
  pause(): void {
    this.#child.kill('SIGSTOP');
  }
  resume(): void {
    this.#child.kill('SIGCONT');
  }
  /** Asks it to leave; does not wait. */
  drain(): void {
    this.#child.kill('SIGTERM');
  }
  /** Asks it to leave and waits; returns the exit code. */
  async terminate(timeoutMs = 20_000): Promise<number | null> {
    await end(this.#child, 'SIGTERM', timeoutMs);
    return this.exitCode;
  }
  /** Waits for an end that the node chose itself. */
  async exited(timeoutMs = 20_000): Promise<number | null> {
    await until(() => !this.running, { timeoutMs, what: `the end of node ${this.port}` });
    return this.exitCode;
  }

  tail(lines = 40): string {
    return this.logs.slice(-lines).join('\n');
  }

  #log(chunk: Buffer): void {
    const lines = (this.#partial + chunk.toString()).split('\n');
    this.#partial = lines.pop() ?? '';
    this.logs.push(...lines);
    if (this.logs.length > LOG_LIMIT) this.logs.splice(0, this.logs.length - LOG_LIMIT);
  }
}
