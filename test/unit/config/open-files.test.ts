import { describe, expect, it } from 'vitest';
import { openFilesAllowed, parseOpenFiles, withinOpenFiles } from '../../../src/config/open-files.ts';
import { loadSettings } from '../../../src/config/settings.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             30477                30477                processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
`;

const settings = (env: Record<string, string> = {}) =>
  loadSettings({ REDIS_URL: 'memory:', PASETO_SYMMETRIC_KEY: 'ab'.repeat(32), ...env });

describe('the limit of open files', () => {
  it('is the soft one', () => {
    expect(parseOpenFiles(LIMITS)).toBe(1024);
  });

  it.each(['', LIMITS.replace('1024', 'unlimited'), 'Max open files'])('is unknown from %j', (text) => {
    expect(parseOpenFiles(text)).toBeUndefined();
  });

  it('is read of this process where the system tells it', () => {
    if (process.platform === 'linux') expect(openFilesAllowed()).toBeGreaterThan(0);
    expect(openFilesAllowed('/nowhere/limits')).toBeUndefined();
  });
});

// A bound above what the system allows is never reached: connections fail before it, and nobody is told to go elsewhere.
describe('connections within it', () => {
  it.each([
    [1024, 576, 192],
    [20_000, 14_808, 4936],
    [100_000, 89_744, 10_000],
    [110_255, 99_999, 10_000],
    [1, 1, 1],
  ])('of %d files', (allowed, maxConnections, maxHttpConnections) => {
    const kept = withinOpenFiles(settings(), allowed);
    expect(kept.settings).toEqual({ ...settings(), maxConnections, maxHttpConnections });
    expect(kept.warnings[0]).toMatch(
      `MAX_CONNECTIONS=100000 does not fit into ${allowed} open files: this node takes ${maxConnections}.`,
    );
    expect(kept.warnings).toHaveLength(maxHttpConnections < 10_000 ? 2 : 1);
  });

  it('are as they are set where they fit, or nothing is known', () => {
    for (const allowed of [110_256, 1_048_576, undefined])
      expect(withinOpenFiles(settings(), allowed)).toEqual({ settings: settings(), warnings: [] });
  });

  it('leave to HTTP what the others do not want', () => {
    const few = withinOpenFiles(settings({ MAX_CONNECTIONS: '100' }), 1024);
    expect(few.settings).toMatchObject({ maxConnections: 100, maxHttpConnections: 668 });
    expect(few.warnings).toHaveLength(1);
  });
});
