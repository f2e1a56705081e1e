import { expect, it } from 'vitest';
import { dashboards, metricNames, panelQueries } from '../../support/deploy-files.ts';
import { knownMetrics } from './known-metrics.ts';

// Some metrics of a process exist on Linux alone, where the service runs.
it.runIf(process.platform === 'linux')('no panel names a metric that does not exist', async () => {
  const known = new Set(await knownMetrics());
  const named = panelQueries().map(({ where, expr }) => ({
    where,
    missing: metricNames(expr).filter((name) => !known.has(name)),
  }));
  expect(named.filter(({ missing }) => missing.length > 0)).toEqual([]);
  expect(named.length).toBeGreaterThan(60);
});

it('links to a dashboard stay good', () => {
  expect(dashboards().map(({ uid }) => uid)).toEqual(['rollcall-overview', 'rollcall-rollout']);
});

it.each(dashboards())(
  'every panel of $uid obeys the variables, has a place and says what it shows',
  (dashboard) => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'pod']);
    const taken = new Set<string>();
    for (const { title, type, description, gridPos, targets = [] } of dashboard.panels) {
      if (type !== 'row') expect(description, title).toMatch(/\.$/);
      for (const { expr, legendFormat } of targets) {
        const selectors = expr.match(/rollcall_\w+(?=\{)/g)?.length;
        expect(expr.split('namespace=~"$namespace",pod=~"$pod"').length - 1, title).toBe(selectors);
        expect(legendFormat, title).toMatch(/\S/);
      }
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const place = `${column} ${line}`;
          expect(taken.has(place), `${title} lies on another panel`).toBe(false);
          taken.add(place);
        }
      }
    }
  },
);
