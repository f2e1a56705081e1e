/** A metric of the chosen nodes, narrowed by further matchers. */
export const of = (metric: string, ...matchers: string[]): string =>
  `${metric}{${['namespace=~"$namespace"', 'pod=~"$pod"', ...matchers].join(',')}}`;

/** Per second. */
export const rate = (metric: string, ...matchers: string[]): string =>
  `rate(${of(metric, ...matchers)}[$__rate_interval])`;

export const sum = (expr: string, ...by: string[]): string =>
  by.length === 0 ? `sum(${expr})` : `sum by (${by.join(', ')}) (${expr})`;

/** Every node counts every transition of its cluster: one of them is asked, and only clusters are added up. */
export const ofCluster = (expr: string, ...by: string[]): string =>
  sum(`max by (${['namespace', 'job', ...by].join(', ')}) (${expr})`, ...by);

export const quantile = (q: number, histogram: string, ...by: string[]): string =>
  `histogram_quantile(${q}, ${sum(rate(`${histogram}_bucket`), 'le', ...by)})`;

/** The usual three quantiles of a histogram. */
export const quantiles = (histogram: string) =>
  ([0.5, 0.95, 0.99] as const).map((q) => ({ expr: quantile(q, histogram), legend: `p${q * 100}` }));
