import { createMetrics } from '../../src/observability/metrics.ts';
import { code, GENERATED_NOTE, table } from './markdown.ts';

/** What prom-client's metrics hold besides their published types. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** `docs/metrics.md`. */
export const metricsPage = async (): Promise<string> => {
  const { register, ...metrics } = createMetrics();
  const types = new Map((await register.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  const rows = (Object.values(metrics) as unknown as Described[])
    .map(({ name, help, labelNames }) => [
      code(name),
      types.get(name) ?? '',
      labelNames.map(code).join(', ') || '—',
      help,
    ])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return `${GENERATED_NOTE}

# Metrics

\`GET /metrics\` on \`ADMIN_PORT\`, in the text format of Prometheus. Units are seconds and bytes; labels are closed sets and
never hold an id. A histogram has the usual \`_bucket\`, \`_sum\` and \`_count\`.

${table(['name', 'type', 'labels', ''], rows)}

The process itself (memory, CPU, file handles, garbage collection, lag of the event loop) is measured by prom-client's
default metrics under the same prefix: \`rollcall_process_…\` and \`rollcall_nodejs_…\`. Which there are depends on the
operating system.
`;
};
