import { describe, expect, it } from 'vitest';
import { ConfigError, EXIT_CONFIG, loadSettings, loadTokenSettings } from '../../../src/config/settings.ts';
import { LEAST } from './contract.ts';

const load = (env: Record<string, string | undefined>) => loadSettings({ ...LEAST, ...env }, 'box');

describe('settings that depend on each other', () => {
  it.each([
    ['no Redis', { REDIS_URL: undefined }, 'REDIS_URL is required'],
    [
      'no key at all',
      { PASETO_KEYS: undefined },
      'PASETO_KEYS is required, or PASETO_KEYS_FILE or PASETO_SYMMETRIC_KEY',
    ],
    [
      'one port twice',
      { PORT: '9000', ADMIN_PORT: '9000' },
      'ADMIN_PORT must differ from PORT: both are 9000',
    ],
    ['a port that is the default of the other', { PORT: '9090' }, 'ADMIN_PORT must differ'],
    [
      'a time to live below three intervals',
      { HEARTBEAT_TTL_MS: '5999' },
      'HEARTBEAT_TTL_MS must be at least 3 × HEARTBEAT_INTERVAL_MS, which makes 6000, not 5999',
    ],
    ['an interval raised alone', { HEARTBEAT_INTERVAL_MS: '2001' }, 'HEARTBEAT_TTL_MS must be at least'],
  ])('refuses %s', (_, env, message) => {
    expect(() => load(env)).toThrow(ConfigError);
    expect(() => load(env)).toThrow(message);
  });

  it.each([
    ['two free ports', { PORT: '0', ADMIN_PORT: '0' }],
    ['a time to live of exactly three intervals', { HEARTBEAT_INTERVAL_MS: '100', HEARTBEAT_TTL_MS: '300' }],
    ['a log smaller than its partitions', { EVENT_LOG_MAX: '1' }],
    ['never away', { IDLE_AWAY_MS: '0', IDLE_OFFLINE_MS: '1000' }],
    ['never offline', { IDLE_AWAY_MS: '900000', IDLE_OFFLINE_MS: '0' }],
    ['away and offline at once', { IDLE_AWAY_MS: '1000', IDLE_OFFLINE_MS: '1000' }],
    ['offline before away', { IDLE_OFFLINE_MS: '2000' }],
    ['away later than the default of offline', { IDLE_AWAY_MS: '3600000' }],
    ['a pong later than the next ping', { PING_INTERVAL_MS: '5000', PING_TIMEOUT_MS: '5001' }],
    ['only a file of keys', { PASETO_KEYS: undefined, PASETO_KEYS_FILE: 'keys' }],
    ['only a symmetric key', { PASETO_KEYS: undefined, PASETO_SYMMETRIC_KEY: 'ab'.repeat(32) }],
  ])('accepts %s', (_, env) => {
    expect(() => load(env)).not.toThrow();
  });

  it('has its admin side where the public one is', () => {
    expect(load({ HOST: '127.0.0.1' }).adminHost).toBe('127.0.0.1');
    expect(load({ HOST: '127.0.0.1', ADMIN_HOST: '::1' }).adminHost).toBe('::1');
  });

  it('names a node after its host and port', () => {
    expect(load({ PORT: '8081' }).nodeName).toBe('box:8081');
    expect(load({ PORT: '8081', NODE_NAME: 'left' }).nodeName).toBe('left');
  });

  it('shortens only the default of the ping timeout', () => {
    expect(load({ PING_INTERVAL_MS: '1000' }).pingTimeoutMs).toBe(1_000);
    expect(load({ PING_INTERVAL_MS: '60000' }).pingTimeoutMs).toBe(10_000);
  });

  it('opens places by token alone where people see only who shares a group', () => {
    expect(load({}).placePolicy).toBe('tenant');
    expect(load({ WATCH_POLICY: 'groups' }).placePolicy).toBe('token');
    expect(load({ WATCH_POLICY: 'groups', PLACE_POLICY: 'tenant' }).placePolicy).toBe('tenant');
  });

  it.each([
    ['memory:', true],
    ['redis://h', true],
    ['rediss://h', true],
    ['redis+sentinel://h/m', true],
    ['redis+cluster://h', false],
    ['rediss+cluster://h', false],
  ])('publishes tenant events on %s: %s', (REDIS_URL, published) => {
    expect(load({ REDIS_URL }).publishTenantEvents).toBe(published);
    expect(load({ REDIS_URL, PUBLISH_TENANT_EVENTS: 'true' }).publishTenantEvents).toBe(true);
    expect(load({ REDIS_URL, PUBLISH_TENANT_EVENTS: 'false' }).publishTenantEvents).toBe(false);
  });
});

it('ends with the exit code of sysexits.h', () => {
  expect(EXIT_CONFIG).toBe(78);
});

describe('the settings for tokens alone', () => {
  it('need neither a store nor a key', () => {
    expect(loadTokenSettings({})).toEqual({ pasetoSymmetricVersion: 'v4', maxTokenTtlS: 2_592_000 });
  });

  it('are as strict', () => {
    expect(() => loadTokenSettings({ PASETO_SYMMETRIC_KEY: 'short' })).toThrow(/^PASETO_SYMMETRIC_KEY must/);
  });
});
