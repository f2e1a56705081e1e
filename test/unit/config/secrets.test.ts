import { describe, expect, it } from 'vitest';
import { maskedSettings, printConfig } from '../../../src/config/print.ts';
import { loadSettings } from '../../../src/config/settings.ts';
import { LEAST } from './contract.ts';

const SECRET = 'hunter2hunter2';

describe('messages', () => {
  it.each([
    ['a password in a bad URL', { REDIS_URL: `redis://user:${SECRET}@host:port` }],
    ['a password with an @', { REDIS_URL: `redis://user:${SECRET}@@host` }],
    ['a password with a #', { REDIS_URL: `redis://user:a#${SECRET}@host` }],
    ['a password with a bad %', { REDIS_URL: `redis://user:%${SECRET}@host` }],
    ['a URL without scheme', { REDIS_URL: `user:${SECRET}@host` }],
    ['white space behind a password', { REDIS_URL: `redis://user:${SECRET}@host\n` }],
    ['a bad symmetric key', { PASETO_SYMMETRIC_KEY: SECRET }],
    ['a bad key', { PASETO_KEYS: `k4.secret.${SECRET}!` }],
    ['a bad key among good ones', { PASETO_KEYS: `${LEAST.PASETO_KEYS} ${SECRET}` }],
  ])('do not repeat %s', (_, env) => {
    try {
      loadSettings({ ...LEAST, ...env });
      expect.unreachable();
    } catch (error) {
      expect(String((error as Error).stack)).not.toContain(SECRET);
      expect((error as Error).cause).toBeUndefined();
    }
  });

  it('cut long values short and keep to one line', () => {
    const wrong = `${'x'.repeat(5_000)}\n`.repeat(2).trimEnd();
    expect(() => loadSettings({ ...LEAST, LOG_LEVEL: wrong })).toThrow(
      /^LOG_LEVEL must be one of .*, not "x{60}…"$/,
    );
    expect(() => loadSettings({ ...LEAST, LOG_LEVEL: 'a\nb' })).toThrow(/not "a\\nb"$/);
  });
});

describe('the printed settings', () => {
  const settings = loadSettings(
    {
      REDIS_URL: `rediss+sentinel://user:${SECRET}@h:1,h2:2/mymaster`,
      PASETO_KEYS: `${LEAST.PASETO_KEYS}\nk4.secret.${SECRET} k3.local.${SECRET}`,
      PASETO_SYMMETRIC_KEY: 'ab'.repeat(32),
      ALLOWED_ORIGINS: 'https://a.example,https://b.example',
    },
    'box',
  );

  it('hold no secret', () => {
    for (const output of [printConfig(settings), JSON.stringify(maskedSettings(settings))]) {
      expect(output).not.toContain(SECRET);
      expect(output).not.toContain('abab');
    }
  });

  it('still say what matters', () => {
    expect(maskedSettings(settings)).toMatchObject({
      PORT: 8080,
      REDIS_URL: 'rediss+sentinel://***@h:1,h2:2/mymaster',
      PASETO_KEYS: `${LEAST.PASETO_KEYS},k4.secret.***,k3.local.***`,
      PASETO_SYMMETRIC_KEY: '***',
    });
    const lines = printConfig(settings).split('\n');
    expect(lines).toContain('ALLOWED_ORIGINS=https://a.example,https://b.example');
    expect(lines).toContain('NODE_NAME=box:8080');
    expect(lines).toContain('# TOKEN_AUDIENCE is not set');
  });

  it.each(['redis://:p@h', 'redis://only@h', 'redis://h/1', 'memory:'])('masks %s', (REDIS_URL) => {
    const masked = maskedSettings(loadSettings({ ...LEAST, REDIS_URL }))['REDIS_URL'];
    expect(masked).toBe(REDIS_URL.replace(/\/\/.*@/, '//***@'));
  });
});
