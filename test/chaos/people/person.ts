import { setTimeout as sleep } from 'node:timers/promises';
import type { Recorder } from '../history/recorder.ts';
import type { Random } from '../random.ts';
import { ChaosConnection } from './chaos-connection.ts';
import type { Places } from './places.ts';

const DEVICES = ['web', 'desktop', 'mobile'] as const;

export interface PersonOptions {
  readonly user: string;
  readonly random: Random;
  readonly places: Places;
  readonly recorder: Recorder;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Somebody with some connections, who comes back with those they want to keep when a node sends them away. */
export class Person {
  readonly random: Random;
  readonly connections: ChaosConnection[] = [];
  readonly #options: PersonOptions;
  readonly #kept = new Set<ChaosConnection>();

  constructor(options: PersonOptions) {
    this.#options = options;
    this.random = options.random;
  }

  get isStopped(): boolean {
    return this.#options.signal.aborted;
  }

  /** @param kept - dial again, somewhere else, whenever it is lost. */
  dial(kept: boolean): ChaosConnection {
    const { user, places, recorder, token } = this.#options;
    const { slot, url } = places.pick(this.random);
    const connection = new ChaosConnection({
      url,
      slot,
      user,
      token,
      device: this.random.pick(DEVICES),
      recorder,
      onLost: (lost) => {
        this.#forget(lost);
        if (this.#kept.delete(lost)) void this.#comeBack();
      },
    });
    this.connections.push(connection);
    if (kept) this.#kept.add(connection);
    return connection;
  }

  leave(connection: ChaosConnection, how: Parameters<ChaosConnection['leave']>[0]): void {
    this.#kept.delete(connection);
    this.#forget(connection);
    connection.leave(how);
  }

  /** Waits a random time; shorter when the run ends. */
  async pause(low: number, high: number): Promise<void> {
    const { signal } = this.#options;
    await sleep(this.random.between(low, high), undefined, { signal }).catch(() => undefined);
  }

  /** Waits until a connection is welcomed or over. */
  async settled(connection: ChaosConnection): Promise<boolean> {
    while (!connection.isOpen && !connection.isOver && !this.isStopped) await this.pause(20, 20);
    return connection.isOpen;
  }

  async #comeBack(): Promise<void> {
    await this.pause(20, 250);
    // When the run has ended its clients still stay: what they are shown at the end is what counts.
    this.dial(true);
  }

  #forget(connection: ChaosConnection): void {
    const at = this.connections.indexOf(connection);
    if (at >= 0) this.connections.splice(at, 1);
  }
}
