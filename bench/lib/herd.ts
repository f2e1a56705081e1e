import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { end, own } from '../../test/support/child.ts';
import type { HerdAnswer, HerdCommand } from './herd-messages.ts';

const SCRIPT = fileURLToPath(new URL('./herd-process.ts', import.meta.url));

/**
 * Many clients in processes of their own. Each process has its own source address, because one address has only so many
 * ports towards one destination.
 */
export class Herd {
  readonly #children: ChildProcess[];
  readonly #target: { host: string; port: number };

  constructor(target: { host: string; port: number }, processes = 2) {
    this.#target = target;
    this.#children = Array.from({ length: processes }, () => own(fork(SCRIPT)));
  }

  /** Opens a connection for each token; resolves when every one had its welcome. Throws when any failed. */
  async open(tokens: readonly string[], inFlight = 500): Promise<void> {
    const share = Math.ceil(tokens.length / this.#children.length);
    const before = await this.count();
    const answers = await this.#each((i) => ({
      do: 'open',
      ...this.#target,
      localAddress: `127.0.0.${2 + i}`,
      tokens: tokens.slice(i * share, (i + 1) * share),
      inFlight: Math.ceil(inFlight / this.#children.length),
    }));
    const failed = answers.reduce((sum, answer) => sum + answer.failed, 0) - before.failed;
    if (failed > 0) {
      const why = answers.flatMap((answer) => answer.lastFailure ?? []).join(', ');
      throw new Error(`${failed} of ${tokens.length} connections failed: ${why}`);
    }
  }

  /** Opens a connection for each token, so many a second. @returns how long each waited for its welcome, ms. */
  async openAtRate(tokens: readonly string[], perSecond: number): Promise<number[]> {
    const share = Math.ceil(tokens.length / this.#children.length);
    const answers = await this.#each((i) => ({
      do: 'open at a rate',
      ...this.#target,
      tokens: tokens.slice(i * share, (i + 1) * share),
      perSecond: perSecond / this.#children.length,
    }));
    const waits = answers.flatMap((answer) => answer.waits ?? []);
    if (waits.length < tokens.length) {
      const why = answers.flatMap((answer) => answer.lastFailure ?? []).join(', ');
      throw new Error(`${tokens.length - waits.length} of ${tokens.length} connections failed: ${why}`);
    }
    return waits;
  }

  async send(frame: object): Promise<void> {
    await this.#each(() => ({ do: 'send', frame: JSON.stringify(frame) }));
  }

  async count(): Promise<HerdAnswer> {
    const answers = await this.#each(() => ({ do: 'count' }));
    return answers.reduce((sum, answer) => ({
      open: sum.open + answer.open,
      failed: sum.failed + answer.failed,
      again: sum.again + answer.again,
      frames: sum.frames + answer.frames,
    }));
  }

  async close(goodbye = true): Promise<void> {
    await this.#each(() => ({ do: 'close', goodbye }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => end(child, 'SIGKILL')));
  }

  #each(command: (index: number) => HerdCommand): Promise<HerdAnswer[]> {
    return Promise.all(
      this.#children.map(async (child, index) => {
        const answered = once(child, 'message') as Promise<[HerdAnswer]>;
        child.send(command(index));
        return (await answered)[0];
      }),
    );
  }
}
