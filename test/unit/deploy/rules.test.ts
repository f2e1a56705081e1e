import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricNames, type Rule, rules, ruleTests } from '../../support/deploy-files.ts';
import { knownMetrics } from './known-metrics.ts';

const alerts = rules().filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
const recorded = rules().flatMap(({ record }) => record ?? []);
const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');

// Some metrics of a process exist on Linux alone, where the service runs.
it.runIf(process.platform === 'linux')('no rule names a metric that does not exist', async () => {
  const known = new Set([...(await knownMetrics()), ...recorded]);
  const named = rules().map((rule) => ({
    rule: rule.alert ?? rule.record,
    missing: metricNames(rule.expr).filter((name) => !known.has(name)),
  }));
  expect(named.filter(({ missing }) => missing.length > 0)).toEqual([]);
  expect(named.length).toBeGreaterThan(40);
});

describe.each(alerts)('$alert', ({ alert, for: wait, labels, annotations }) => {
  it('says how bad it is, what happened and where to read on', () => {
    expect(wait).toMatch(/^\d+[smh]$/);
    expect(['critical', 'warning', 'info']).toContain(labels?.['severity']);
    expect(annotations?.['summary']).toMatch(/\S/);
    expect(annotations?.['description']).toMatch(/\.$/);
    expect(annotations?.['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    expect(runbook.split('\n').filter((line) => line === `### ${alert}`)).toHaveLength(1);
  });

  it('has a test in which it fires, and one in which it does not', () => {
    const looks = ruleTests()
      .flatMap((test) => test.promql_expr_test)
      .filter(({ expr }) => expr.includes(`alertname="${alert}",alertstate="firing"`));
    expect(looks.some(({ exp_samples: samples }) => samples.length > 0)).toBe(true);
    expect(looks.some(({ exp_samples: samples }) => samples.length === 0)).toBe(true);
  });
});

it('the runbook speaks of no alert that is gone', () => {
  const sections = [...runbook.matchAll(/^### (Rollcall\w+)$/gm)].map(([, name]) => name);
  expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
});
