import { type ChildProcess, spawn } from 'node:child_process';
import { end, own } from '../support/child.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';

export const HAPROXY = process.env.ROLLCALL_HAPROXY;
export const CONFIG = 'deploy/haproxy/haproxy.cfg';

interface Server {
  readonly address: string;
  /** `UP`, `DOWN`, `MAINT`, …, as HAProxy says it. */
  readonly status: string;
  /** Connections it holds now. */
  readonly sessions: number;
}

/** A real HAProxy with the configuration of `deploy/`, on ports of its own. */
export class HaproxyProcess {
  readonly port: number;
  readonly #statsPort: number;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(port: number, statsPort: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#statsPort = statsPort;
    this.#child = own(
      spawn(HAPROXY ?? 'haproxy', ['-db', '-f', CONFIG], {
        env: {
          PATH: process.env.PATH ?? '',
          ROLLCALL_BIND: `127.0.0.1:${port}`,
          ROLLCALL_STATS_BIND: `127.0.0.1:${statsPort}`,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-4_000);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  static async start(env: Readonly<Record<string, string>>): Promise<HaproxyProcess> {
    return new HaproxyProcess(await freePort(), await freePort(), env);
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/ws`;
  }
  get output(): string {
    return this.#output;
  }

  /** The places of the template that have an address. */
  async servers(): Promise<Server[]> {
    const response = await fetch(`http://127.0.0.1:${this.#statsPort}/;csv`, {
      signal: AbortSignal.timeout(2_000),
    });
    const [head = '', ...lines] = (await response.text()).trim().split('\n');
    const columns = head.replace(/^# /, '').split(',');
    const rows = lines.map((line) => {
      const cells = line.split(',');
      return (name: string): string => cells[columns.indexOf(name)] ?? '';
    });
    return rows
      .filter((cell) => cell('pxname') === 'nodes' && cell('svname') !== 'BACKEND' && cell('addr') !== '')
      .map((cell) => ({ address: cell('addr'), status: cell('status'), sessions: Number(cell('scur')) }));
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#statsPort}/metrics`, {
      signal: AbortSignal.timeout(2_000),
    });
    return response.text();
  }

  /** Addresses (`host`, without port) of the nodes that get traffic now. */
  async up(): Promise<string[]> {
    const servers = (await this.servers()).filter(({ status }) => status.startsWith('UP'));
    return servers.map(({ address }) => address.replace(/:\d+$/, '')).sort();
  }

  async untilUp(addresses: readonly string[]): Promise<void> {
    const wanted = JSON.stringify([...addresses].sort());
    await until(async () => JSON.stringify(await this.up()) === wanted, {
      timeoutMs: 20_000,
      what: `HAProxy with ${wanted} up`,
    }).catch(async (error: unknown) => {
      throw new Error(`${JSON.stringify(await this.servers())}\n${this.#output}`, { cause: error });
    });
  }

  /** SIGUSR1: takes nothing new, lets what is open end. */
  leave(): void {
    this.#child.kill('SIGUSR1');
  }

  stop(): Promise<void> {
    return end(this.#child, 'SIGKILL');
  }
}
