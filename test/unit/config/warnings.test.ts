import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/settings.ts';
import { settingWarnings } from '../../../src/config/warnings.ts';
import { LEAST } from './contract.ts';

const warnings = (env: Record<string, string>): string[] => {
  const full = { ...LEAST, TOKEN_AUDIENCE: 'rollcall', PLACE_POLICY: 'token', ...env };
  return settingWarnings(full, loadSettings(full));
};

describe('names that are probably misspelt', () => {
  it.each([
    ['HEARTBEAT_TTL', 'HEARTBEAT_TTL_MS'],
    ['HEARTBEAT_TTL_SECONDS', 'HEARTBEAT_TTL_MS'],
    ['OFFLINE_GRACE_S', 'OFFLINE_GRACE_MS'],
    ['OFLINE_GRACE_MS', 'OFFLINE_GRACE_MS'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
    ['TENANT_WATCH', 'TENANT_WATCH_MAX'],
    ['log_level', 'LOG_LEVEL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['PORTS', 'PORT'],
    ['PASETO_KEY_FILE', 'PASETO_KEYS_FILE'],
  ])('%s: %s', (name, meant) => {
    expect(warnings({ [name]: '1' })).toEqual([`${name} is not a setting: did you mean ${meant}?`]);
  });

  it('suggests nothing for what others set, or once the right name is set', () => {
    const theirs = {
      HOME: '/',
      PATH: '/bin',
      NODE_ENV: 'production',
      HOSTNAME: 'a',
      ROLLCALL_PORT: 'tcp://1',
      REDIS_PORT: 'tcp://1',
    };
    expect(warnings(theirs)).toEqual([]);
    expect(warnings({ REDIS_URI: 'redis://h' })).toEqual([]);
  });
});

describe('settings that are weaker than they look', () => {
  it.each([
    ['no audience', { ...LEAST }, 'TOKEN_AUDIENCE is not set'],
    ['any proxy', { ...LEAST, TOKEN_AUDIENCE: 'a', TRUST_PROXY: 'true' }, 'TRUST_PROXY=true trusts'],
    [
      'offline before away',
      { ...LEAST, TOKEN_AUDIENCE: 'a', IDLE_AWAY_MS: '2000', IDLE_OFFLINE_MS: '1999' },
      'IDLE_OFFLINE_MS (1999) is less than IDLE_AWAY_MS (2000)',
    ],
    [
      'replicas of nothing',
      { ...LEAST, REDIS_URL: 'memory:', TOKEN_AUDIENCE: 'a', WRITE_REPLICAS: '1' },
      'WRITE_REPLICAS has no effect',
    ],
    [
      'a Redis that may be slower than a node is believed alive',
      { ...LEAST, REDIS_URL: 'redis://h', TOKEN_AUDIENCE: 'a', REDIS_COMMAND_TIMEOUT_MS: '2401' },
      'HEARTBEAT_TTL_MS=6000 leaves a node no second try',
    ],
  ])('warns of %s', (_, env, text) => {
    const strict = { PLACE_POLICY: 'token', ...env };
    const found = settingWarnings(strict, loadSettings(strict));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });

  it('says nothing of other defaults', () => {
    expect(warnings({ REDIS_URL: 'redis://h' })).toEqual([]);
  });

  it('warns that places are open, also by default, unless people see only who shares a group', () => {
    const of = (env: Record<string, string>) => {
      const full = { ...LEAST, TOKEN_AUDIENCE: 'a', ...env };
      return settingWarnings(full, loadSettings(full));
    };
    expect(of({})).toEqual([expect.stringContaining('PLACE_POLICY=tenant lets anyone')]);
    expect(of({ WATCH_POLICY: 'groups' })).toEqual([]);
    expect(of({ WATCH_POLICY: 'groups', PLACE_POLICY: 'tenant' })).toHaveLength(1);
  });
});
