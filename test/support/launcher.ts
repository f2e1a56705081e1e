import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { end, hasExited, own } from './child.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

/** Only these come from outside: a developer's own settings must not change a test. */
const inherited = (): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR };
};

const ROOT = new URL('../../', import.meta.url);

/** `npm start` or `npm run cluster` as a person runs it, from some other directory and on ports of its own. */
export class Launcher {
  readonly #child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
  }

  static async start(script: 'start' | 'cluster', env: NodeJS.ProcessEnv): Promise<Launcher> {
    const child = spawn(process.execPath, [fileURLToPath(new URL(`scripts/${script}.mjs`, ROOT))], {
      cwd: tmpdir(),
      env: {
        ...inherited(),
        PORT: String(await freePort()),
        ADMIN_PORT: String(await freePort()),
        PAGE_PORT: String(await freePort()),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const launcher = new Launcher(own(child));
    // A process that ended instead shows in `page`, with what it said.
    await until(() => launcher.#page() !== undefined || hasExited(child), {
      timeoutMs: 45_000,
      what: `the page of npm run ${script}`,
    });
    return launcher;
  }

  #page(): string | undefined {
    return /Page\s+(http\S+)/.exec(this.#output)?.[1];
  }

  get output(): string {
    return this.#output;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Address of the page. @throws with everything it printed when it has none. */
  get page(): string {
    const url = this.#page();
    if (url === undefined) throw new Error(`no page was printed:\n${this.#output}`);
    return url;
  }

  /** Ctrl-C. */
  stop(): Promise<void> {
    return end(this.#child, 'SIGINT', 20_000);
  }
}
