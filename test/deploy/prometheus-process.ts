import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { end, hasExited, own } from '../support/child.ts';
import { CHART_FILES, DEPLOY } from '../support/deploy-files.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';

export const PROMETHEUS = process.env.ROLLCALL_PROMETHEUS;
export const PROMTOOL = process.env.ROLLCALL_PROMTOOL;

const HOST = '127.0.0.1';
/** Often, so that a window of seconds has enough samples. */
const EVERY = '1s';

export const promtool = (args: readonly string[], input = '') =>
  spawnSync(PROMTOOL ?? 'promtool', args, { encoding: 'utf8', input });

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly dns_sd_configs?: unknown;
}

/** The configuration as it is deployed, but for where the nodes are and how often anything happens. */
const configured = async (targets: readonly string[]): Promise<string> => {
  const config = parse(await readFile(`${DEPLOY}prometheus/prometheus.yml`, 'utf8'));
  const jobs = (config.scrape_configs as ScrapeConfig[]).filter(({ job_name: name }) => name === 'rollcall');
  return stringify({
    ...config,
    rule_files: ['rules/*.yml'],
    global: { scrape_interval: EVERY, evaluation_interval: EVERY },
    scrape_configs: jobs.map(({ dns_sd_configs: _dns, ...job }) => ({
      ...job,
      static_configs: [{ targets }],
    })),
  });
};

/** A real Prometheus with the deployed rules, and whatever other rules a test brings. */
export class PrometheusProcess {
  readonly #dir: string;
  readonly #url: string;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#url = `http://${HOST}:${port}`;
    this.#child = own(
      spawn(PROMETHEUS ?? 'prometheus', [
        `--config.file=${dir}/prometheus.yml`,
        `--storage.tsdb.path=${dir}/data`,
        `--web.listen-address=${HOST}:${port}`,
        '--log.level=warn',
      ]),
    );
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-8_192);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  static async start(targets: readonly string[], moreRules: object): Promise<PrometheusProcess> {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-prometheus-'));
    await cp(`${CHART_FILES}rules`, `${dir}/rules`, { recursive: true });
    const recording = await readFile(`${dir}/rules/recording.yml`, 'utf8');
    await writeFile(`${dir}/rules/recording.yml`, recording.replace('interval: 15s', `interval: ${EVERY}`));
    await writeFile(`${dir}/rules/more.yml`, stringify(moreRules));
    await writeFile(`${dir}/prometheus.yml`, await configured(targets));
    const prometheus = new PrometheusProcess(dir, await freePort(HOST));
    try {
      await until(async () => hasExited(prometheus.#child) || (await prometheus.#get('/-/ready')).ok, {
        timeoutMs: 30_000,
        what: 'Prometheus',
      });
      if (hasExited(prometheus.#child)) throw new Error('Prometheus ended');
    } catch (error) {
      const log = prometheus.#log;
      await prometheus.stop();
      throw new Error(`Prometheus did not start: ${log}`, { cause: error });
    }
    return prometheus;
  }

  /** The instant value of an expression. @throws with what Prometheus says of one it does not understand. */
  async query(expr: string): Promise<readonly Sample[]> {
    const { result } = (await this.api(`query?query=${encodeURIComponent(expr)}`)) as {
      result: readonly Sample[];
    };
    return result;
  }

  async api(path: string): Promise<unknown> {
    const answer = (await (await this.#get(`/api/v1/${path}`)).json()) as { data?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  async stop(): Promise<void> {
    await end(this.#child, 'SIGTERM');
    await rm(this.#dir, { recursive: true, force: true });
  }

  #get(path: string): Promise<Response> {
    return fetch(this.#url + path, { signal: AbortSignal.timeout(5_000) });
  }
}
