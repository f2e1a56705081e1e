import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { end, own } from '../../support/child.ts';
import type { AttackName, OptionsOf } from '../attacks/attacks.ts';
import type { Target } from './peer.ts';

const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

type Message = {
  readonly counts?: Readonly<Record<string, number>>;
  readonly failed?: string;
};

/** An attack in a process of its own, from when all that it prepared is there. */
export class Assault {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** The process an attack will run in: begin with it early, it takes a second. */
  static async prepare(): Promise<Assault> {
    const child = own(
      spawn(process.execPath, ['--import', 'tsx', GENERATOR], {
        cwd: ROOT,
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    const assault = new Assault(child);
    await assault.#message();
    return assault;
  }

  async begin<N extends AttackName>(attack: N, target: Target, options: OptionsOf<N>): Promise<this> {
    const underway = this.#message();
    this.#child.send({ attack, target, options });
    const { failed } = await underway;
    if (failed !== undefined) throw new Error(`${attack}: ${failed}`);
    return this;
  }

  /** What the attackers saw so far. */
  async tally(): Promise<Readonly<Record<string, number>>> {
    const told = this.#message();
    this.#child.send('tally');
    return (await told).counts ?? {};
  }

  /** All of its connections break off. */
  stop(): Promise<void> {
    return end(this.#child, 'SIGKILL');
  }

  #message(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the attackers ended by themselves'));
      this.#child.once('exit', gone);
      this.#child.once('message', (message: Message) => {
        this.#child.off('exit', gone);
        resolve(message);
      });
    });
  }
}
