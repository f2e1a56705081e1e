import { describe, expect, it } from 'vitest';
import { envName, SETTING_NAMES } from '../../../src/config/schema.ts';
import { ConfigError, loadSettings, type Settings } from '../../../src/config/settings.ts';
import { BESIDE, CONTRACT, LEAST } from './contract.ts';

const load = (env: Record<string, string | undefined>): Settings => loadSettings({ ...LEAST, ...env }, 'box');
const pick = (settings: Settings, property: string): unknown =>
  (settings as unknown as Record<string, unknown>)[property];

const refusal = (env: Record<string, string | undefined>): ConfigError => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(env)} was accepted`);
};

describe('the settings', () => {
  it('are exactly the documented ones, under the properties the code uses', () => {
    const documented = Object.entries(CONTRACT).map(([name, { property }]) => `${name} ${property}`);
    expect(SETTING_NAMES.map((property) => `${envName(property)} ${property}`).sort()).toEqual(
      documented.sort(),
    );
  });

  it('survive JSON unchanged', () => {
    const settings = load({ TRUST_PROXY: '10.0.0.0/8', ALLOWED_ORIGINS: 'https://a.example' });
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });
});

describe.each(Object.entries(CONTRACT))('%s', (name, { property, fallback, good, bad }) => {
  if (name !== 'REDIS_URL') {
    it(`is ${JSON.stringify(fallback) ?? 'absent'} by default`, () => {
      const settings = load({});
      expect(pick(settings, property)).toEqual(fallback);
      if (fallback === undefined) expect(Object.keys(settings)).not.toContain(property);
    });
  }

  it('takes every good value as what it means', () => {
    const read = good.map(([text]) => [text, pick(load({ ...BESIDE[name], [name]: text }), property)]);
    expect(read).toEqual(good);
  });

  it('refuses every bad value with one line that begins with its name', () => {
    for (const text of bad) {
      const error = refusal({ ...BESIDE[name], [name]: text });
      expect(error.code).toBe('bad_config');
      expect(error.setting).toBe(name);
      expect(error.message).toMatch(
        new RegExp(`^${name} (must|is|has|names) [^\\p{Cc}\\p{Zl}\\p{Zp}]+$`, 'u'),
      );
      expect(error.message.length).toBeLessThan(400);
    }
  });
});
