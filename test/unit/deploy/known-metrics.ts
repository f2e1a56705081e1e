import { collectProcessMetrics, createMetrics } from '../../../src/observability/metrics.ts';

/** Names of all series of a node, those of the process included. */
export const knownMetrics = async (): Promise<readonly string[]> => {
  const { register } = createMetrics();
  collectProcessMetrics(register);
  return (await register.getMetricsAsJSON()).flatMap(({ name, type }) =>
    ['histogram', 'summary'].includes(String(type))
      ? ['_bucket', '_sum', '_count'].map((end) => name + end)
      : [name],
  );
};
