const READY = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'];

/**
 * Stands in for the machines of a cluster: every pod gets a place and is at once ready (one of `helm test`: has ended
 * well); one that is to go is gone at the next look. No container is started.
 * @returns `fewestReady(namespace)`, the least number of ready nodes of Rollcall since the last time it was asked, and `stop`.
 */
export const standIn = (api) => {
  const fewest = new Map();
  let stopped = false;

  const settle = async (pod) => {
    const { name, namespace, deletionTimestamp } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (deletionTimestamp !== undefined) return api('DELETE', path, { gracePeriodSeconds: 0 });
    if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: 'machine' };
      await api('POST', `${path}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target });
    }
    if (pod.status.phase !== 'Pending') return;
    const ends = pod.spec.restartPolicy === 'Never';
    const status = {
      phase: ends ? 'Succeeded' : 'Running',
      conditions: READY.map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: new Date().toISOString(),
      })),
    };
    await api('PATCH', `${path}/status`, { status }, { type: 'application/merge-patch+json' });
  };

  const isReady = ({ metadata, status }) =>
    metadata.deletionTimestamp === undefined &&
    (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

  const look = async () => {
    const { json } = await api('GET', '/api/v1/pods?labelSelector=app.kubernetes.io/component%3Dnode');
    const all = await api('GET', '/api/v1/pods');
    const namespaces = new Set([...fewest.keys(), ...json.items.map(({ metadata }) => metadata.namespace)]);
    for (const namespace of namespaces) {
      const ready = json.items.filter((pod) => pod.metadata.namespace === namespace && isReady(pod)).length;
      fewest.set(namespace, Math.min(ready, fewest.get(namespace) ?? ready));
    }
    await Promise.all(all.json.items.map(settle));
  };

  const looking = (async () => {
    while (!stopped) {
      await look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();

  return {
    fewestReady(namespace) {
      const least = fewest.get(namespace);
      fewest.delete(namespace);
      return least;
    },
    stop() {
      stopped = true;
      return looking;
    },
  };
};
