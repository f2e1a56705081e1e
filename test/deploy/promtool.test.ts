import { describe, expect, it } from 'vitest';
import { CHART_FILES, DEPLOY, RULE_TESTS } from '../support/deploy-files.ts';
import { PROMTOOL, promtool } from './prometheus-process.ts';

const FOLDER = `${DEPLOY}prometheus`;

describe.skipIf(PROMTOOL === undefined)('promtool', () => {
  it('takes the configuration, and the rules with it', () => {
    const { status, stdout, stderr } = promtool(['check', 'config', `${FOLDER}/prometheus.yml`]);
    expect(stderr + stdout).toContain('2 rule files found');
    expect(status, stderr).toBe(0);
  });

  it('finds every rule in order', () => {
    const files = ['alerts', 'recording'].map((name) => `${CHART_FILES}rules/${name}.yml`);
    const { status, stderr } = promtool(['check', 'rules', '--lint-fatal', ...files]);
    expect(status, stderr).toBe(0);
  });

  it.each(RULE_TESTS)('sees alerts fire when they should, and only then: %s', (path) => {
    const { status, stdout, stderr } = promtool(['test', 'rules', path]);
    expect(status, stdout + stderr).toBe(0);
  });
});
