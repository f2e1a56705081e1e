import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { metricNames, panelQueries, rules } from '../support/deploy-files.ts';
import type { NodeProcess } from '../support/node-process.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { PROMETHEUS, PrometheusProcess, promtool, type Sample } from './prometheus-process.ts';

const SCRAPES_MS = 40_000;

/** Every alert once more, as one that always holds, so that its words are seen as a person would get them. */
const ALWAYS = {
  groups: [
    {
      name: 'words',
      rules: rules()
        .filter(({ alert }) => alert !== undefined)
        .map(({ alert, labels, annotations }) => ({
          alert: `Words${alert}`,
          expr: 'label_replace(rollcall_ready >= 0, "code", "OOM", "", "")',
          labels,
          annotations,
        })),
    },
  ],
};

/** A bit of everything that clients do, right and wrong, so that each series has something to count. */
const traffic = async (cluster: Cluster, round: number): Promise<void> => {
  const watcher = await cluster.watcher('watcher', { node: round % 3 });
  await watcher.watch({ tenant: true });
  for (const node of [0, 1, 2]) {
    const user = `user-${round}-${node}`;
    const client = await cluster.connect(user, { node });
    await watcher.sees(user, 'online');
    await client.ask({ type: 'status', status: 'busy' });
    await watcher.sees(user, 'busy');
    client.sendRaw('no frame');
    await client.until(() => client.first('error'), { what: 'an error' });
    await (node === 0 ? client.bye() : client.close());
    await cluster.http('/v1/presence/count', { node });
    await cluster.http('/v1/presence/count', { node, claims: null });
    const stranger = cluster.track(
      new Client(cluster.node(node).wsUrl, { token: 'v4.public.no', signIn: 'header' }),
    );
    await stranger.end();
  }
  await watcher.bye();
};

const isNumber = ({ value }: Sample): boolean => Number.isFinite(Number(value[1]));
const labelsIn = (legend: string): string[] =>
  [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name);

describe.skipIf(PROMETHEUS === undefined)('a real Prometheus that scrapes three real nodes', () => {
  let cluster: Cluster;
  let prometheus: PrometheusProcess;
  let stopTraffic: () => Promise<void>;

  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
    const { proxy } = await cluster.addProxiedNode();
    const targets = cluster.nodes.map(({ adminUrl }) => new URL(adminUrl).host);
    prometheus = await PrometheusProcess.start(targets, ALWAYS);
    await failOnce(cluster.node(2), proxy);
    let isOn = true;
    const running = (async () => {
      for (let round = 0; isOn && round < 1_000; round++) await traffic(cluster, round);
    })();
    running.catch(() => undefined);
    stopTraffic = async () => {
      isOn = false;
      await running;
    };
    await until(async () => (await prometheus.query('rollcall_ready == 1')).length === 3, {
      timeoutMs: SCRAPES_MS,
      what: 'scrapes of three nodes',
    });
  }, 120_000);
  afterAll(async () => {
    // What the clients saw is part of the test.
    await stopTraffic?.();
    await prometheus?.stop();
    await cluster?.stop();
  });

  it('gets figures from every panel, with the labels of its legend', { timeout: 120_000 }, async () => {
    for (const { where, expr, legend } of panelQueries()) {
      const samples = await until(
        async () => {
          const found = await prometheus.query(expr);
          return found.some(isNumber) ? found : undefined;
        },
        { timeoutMs: SCRAPES_MS, everyMs: 200, what: `${where}: ${expr}` },
      );
      for (const label of labelsIn(legend))
        expect(
          samples.every(({ metric }) => (metric[label] ?? '') !== ''),
          `${where}: ${label}`,
        ).toBe(true);
    }
  });

  it('gets figures from every rule that records', { timeout: 60_000 }, async () => {
    for (const { record } of rules()) {
      if (record === undefined) continue;
      await until(async () => (await prometheus.query(record)).some(isNumber), {
        timeoutMs: SCRAPES_MS,
        everyMs: 200,
        what: record,
      });
    }
  });

  it('judges every alert by series that exist', { timeout: 60_000 }, async () => {
    for (const { alert, expr } of rules()) {
      if (alert === undefined) continue;
      await prometheus.query(expr);
      for (const name of metricNames(expr))
        expect((await prometheus.query(`count(${name})`))[0]?.value[1], `${name} of ${alert}`).toMatch(
          /^[1-9]/,
        );
    }
    const { groups } = (await prometheus.api('rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    };
    const ill = groups.flatMap((group) => group.rules.filter(({ health }) => health !== 'ok'));
    expect(ill).toEqual([]);
  });

  it('finds what the variables of the dashboards list', async () => {
    const values = async (label: string) =>
      (await prometheus.api(`label/${label}/values?match[]=rollcall_build_info`)) as string[];
    expect(await values('namespace')).toEqual(['compose']);
    expect(await values('pod')).toHaveLength(3);
  });

  it('can put every alert into words', { timeout: 60_000 }, async () => {
    const alerts = await until(
      async () => {
        const { alerts: all } = (await prometheus.api('alerts')) as {
          alerts: { labels: { alertname: string }; annotations: Record<string, string> }[];
        };
        const found = all.filter(({ labels }) => labels.alertname.startsWith('Words'));
        const names = new Set(found.map(({ labels }) => labels.alertname));
        return names.size === ALWAYS.groups[0]?.rules.length ? found : undefined;
      },
      { timeoutMs: SCRAPES_MS, what: 'all alerts' },
    );
    for (const { labels, annotations } of alerts)
      expect(Object.values(annotations).join('\n'), labels.alertname).not.toMatch(
        /<error|<no value>|NaN|\{\{/,
      );
  });

  it('reads names and help as they should be', async () => {
    const { stderr } = promtool(['check', 'metrics'], await cluster.node(0).metricsText());
    // Three of prom-client's own; ours have nothing to complain of.
    expect(
      stderr.split('\n').filter((line) => line !== '' && !/rollcall_(nodejs|process)_/.test(line)),
    ).toEqual([]);
  });
});

/** Redis is away for one node until it has counted that. */
const failOnce = async (node: NodeProcess, proxy: TcpProxy): Promise<void> => {
  proxy.cut();
  await until(async () => (await node.metric('rollcall_redis_errors_total', 'link')) > 0, {
    what: 'a failed command',
  });
  proxy.heal();
  await node.ready();
};
