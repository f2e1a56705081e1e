import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeProcess } from '../../support/node-process.ts';
import { timingEnv } from '../../support/timings.ts';
import { CHAOS_TIMINGS, dampingEnv, PING_INTERVAL_MS, PING_TIMEOUT_MS } from '../timings.ts';
import { NodeLinks, type StoreAddress } from './node-links.ts';

export interface SlotOptions {
  readonly index: number;
  readonly storeUrl: string;
  readonly addresses: readonly StoreAddress[];
  readonly publicKey: string;
  readonly prefix: string;
  readonly partitions: number;
  /** What to run instead of the build: for planted bugs. */
  readonly main?: string;
  /** Transitions are damped. */
  readonly damped: boolean;
}

const PRELOAD = fileURLToPath(new URL('node-preload.mjs', import.meta.url));

/** A place for a node in the cluster: its process may die and be replaced, its links stay. */
export class Slot {
  readonly index: number;
  readonly links: NodeLinks;
  /** Whether clients are sent here, as a balancer would. */
  isOpen = false;
  isPaused = false;
  readonly #options: SlotOptions;
  readonly #clockFile: string;
  #node: NodeProcess | undefined;

  private constructor(options: SlotOptions, links: NodeLinks) {
    this.index = options.index;
    this.links = links;
    this.#options = options;
    this.#clockFile = join(mkdtempSync(join(tmpdir(), 'rollcall-chaos-')), 'clock.json');
  }

  static async create(options: SlotOptions): Promise<Slot> {
    return new Slot(options, await NodeLinks.start(options.addresses));
  }

  get node(): NodeProcess {
    if (this.#node === undefined) throw new Error(`node ${this.index} was never started`);
    return this.#node;
  }

  /** Starts a process, a new identity. @param waitReady - false: while the store is away nobody gets ready. */
  async start(waitReady = true): Promise<void> {
    this.links.heal();
    this.#writeClock({ wall: 0, suspended: false });
    this.#node = await NodeProcess.start({ env: this.#env(), waitReady, main: this.#options.main });
    this.isOpen = true;
    this.isPaused = false;
  }

  async kill(): Promise<void> {
    this.isOpen = false;
    await this.node.kill();
  }

  /** Asks it to leave and waits. @returns its exit code. */
  async terminate(): Promise<number | null> {
    this.isOpen = false;
    return this.node.terminate(CHAOS_TIMINGS.drainWindowMs + 15_000);
  }

  pause(): void {
    this.isPaused = true;
    this.node.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.node.resume();
  }

  /** Moves this machine's time of day. */
  stepClock(wall: number): void {
    this.#writeClock({ wall, suspended: false });
    process.kill(this.node.pid, 'SIGWINCH');
  }

  /** Whether the time in which the node is paused is to go by without its monotonic clock. */
  suspend(suspended: boolean): void {
    this.#writeClock({ wall: 0, suspended });
  }

  async stop(): Promise<void> {
    await this.#node?.kill();
    await this.links.stop();
  }

  #writeClock(off: { readonly wall: number; readonly suspended: boolean }): void {
    writeFileSync(this.#clockFile, JSON.stringify(off));
  }

  #env(): Record<string, string> {
    const { storeUrl, publicKey, prefix, partitions, damped } = this.#options;
    return {
      ...timingEnv(CHAOS_TIMINGS),
      ...dampingEnv(damped),
      REDIS_URL: storeUrl,
      REDIS_PREFIX: prefix,
      PASETO_KEYS: publicKey,
      PARTITIONS: String(partitions),
      PING_INTERVAL_MS: String(PING_INTERVAL_MS),
      PING_TIMEOUT_MS: String(PING_TIMEOUT_MS),
      NODE_OPTIONS: `--import ${PRELOAD}`,
      CHAOS_ROUTES: JSON.stringify(this.links.routes),
      CHAOS_CLOCK: this.#clockFile,
    };
  }
}
