import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { principalOf } from '../../../src/auth/claims.ts';
import { createKeyring } from '../../../src/auth/keyring.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { keyIdOf } from '../../../src/auth/token-format.ts';
import { run } from '../../../src/cli/run.ts';
import { SILENT } from '../../../src/cli/silent-log.ts';
import { loadTokenSettings } from '../../../src/config/settings.ts';
import { fakeIo, ran } from './fake-io.ts';

const NOW = Date.UTC(2026, 10, 21, 9, 30);

const keysOf = async (version: string, purpose: string): Promise<Record<string, string>> => {
  const { code, out } = await ran(['keygen', '--version', version, '--purpose', purpose, '--json']);
  expect(code).toBe(0);
  return JSON.parse(out[0] ?? '');
};

/** Opens a token as a service with these settings would. */
const open = async (token: string, env: Record<string, string>): Promise<Principal> => {
  const settings = loadTokenSettings(env);
  const { current } = await createKeyring(settings, { log: SILENT });
  const [key] = current.candidates(token.split('.', 2).join('.') as 'v4.public', keyIdOf(token));
  const claims = await key?.open(token);
  return principalOf(
    claims ?? {},
    {
      maxTtlSeconds: settings.maxTokenTtlS,
      ...(settings.tokenAudience !== undefined && { audience: settings.tokenAudience }),
      ...(settings.tokenIssuer !== undefined && { issuer: settings.tokenIssuer }),
    },
    NOW,
  );
};

describe('keygen', () => {
  it.each(['v4', 'v3', 'v2'])('makes keys of %s and tells their ids', async (version) => {
    const k = version.replace('v', 'k');
    const signing = await keysOf(version, 'public');
    expect(Object.keys(signing).sort()).toEqual(['pid', 'public', 'secret', 'sid']);
    for (const [name, key] of Object.entries(signing)) expect(key).toMatch(new RegExp(`^${k}\\.${name}\\.`));
    const shared = await keysOf(version, 'local');
    expect(Object.keys(shared).sort()).toEqual(['lid', 'local']);
    for (const [name, key] of Object.entries(shared)) expect(key).toMatch(new RegExp(`^${k}\\.${name}\\.`));
  });

  it('makes v4.public ones without being told, one a line, and no key twice', async () => {
    const first = await ran(['keygen']);
    expect(first.out.map((line) => line.split(/ +/)[0])).toEqual(['secret', 'public', 'sid', 'pid']);
    expect(first.out.join()).toContain('k4.secret.');
    expect(first.err).toHaveLength(1);
    expect((await ran(['keygen'])).out).not.toEqual(first.out);
  });
});

describe('token', () => {
  it('makes many at once, one a line, each for a user of its own', async () => {
    const { secret = '', public: key = '' } = await keysOf('v4', 'public');
    const { code, out, err } = await ran(['token', '--user', 'load-{n}', '--count', '3', '--key', secret]);
    expect({ code, err }).toEqual({ code: 0, err: ['valid until 2026-11-21T10:30:00.000Z'] });
    const users = await Promise.all(out.map(async (token) => (await open(token, { PASETO_KEYS: key })).user));
    expect(users).toEqual(['load-0', 'load-1', 'load-2']);
  });

  it.each([
    ['no number', ['--user', 'load-{n}', '--count', 'many'], '--count must be a whole number'],
    ['none', ['--user', 'load-{n}', '--count', '0'], '--count must be a whole number'],
    ['one name for all', ['--user', 'load', '--count', '3'], '--user needs {n}'],
  ])('refuses to make %s of them', async (_, args, message) => {
    const { secret = '' } = await keysOf('v4', 'public');
    const { code, out, err } = await ran(['token', ...args, '--key', secret]);
    expect({ code, out }).toEqual({ code: 64, out: [] });
    expect(err[0]).toContain(message);
  });

  it.each([
    ['v4', 'public'],
    ['v4', 'local'],
    ['v3', 'public'],
    ['v3', 'local'],
    ['v2', 'public'],
    ['v2', 'local'],
  ])('is accepted by a service with the %s.%s key', async (version, purpose) => {
    const keys = await keysOf(version, purpose);
    const { code, out, err } = await ran([
      'token',
      '--user',
      'ann',
      '--key',
      keys['secret'] ?? keys['local'] ?? '',
    ]);
    expect({ code, err }).toEqual({ code: 0, err: ['valid until 2026-11-21T10:30:00.000Z'] });
    const [token = ''] = out;
    expect(token).toMatch(new RegExp(`^${version}\\.${purpose}\\.`));
    const principal = await open(token, { PASETO_KEYS: keys['public'] ?? keys['local'] ?? '' });
    expect(principal).toEqual({
      tenant: 'default',
      user: 'ann',
      scopes: new Set(['connect', 'watch']),
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 3_600,
    });
  });

  it('says everything it was told to', async () => {
    const keys = await keysOf('v4', 'public');
    const env = { PASETO_KEYS: keys['secret'] ?? '', TOKEN_AUDIENCE: 'rollcall', TOKEN_ISSUER: 'me' };
    const args = [
      '--tenant',
      'acme',
      '--scope',
      'watch read',
      '--groups',
      'a, b',
      '--places',
      'doc:7, board:*',
      '--places-watch',
      'lobby',
      '--name',
      'Ann Ü',
      '--ttl',
      '60',
    ];
    const { out } = await ran(['token', '--user', 'ann@x', ...args], env);
    expect(await open(out[0] ?? '', env)).toEqual({
      tenant: 'acme',
      user: 'ann@x',
      name: 'Ann Ü',
      groups: ['a', 'b'],
      places: ['doc:7', 'board:*'],
      placesWatch: ['lobby'],
      scopes: new Set(['watch', 'read']),
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 60,
    });
    expect(
      (await open((await ran(['token', '--user', 'a', '--groups', ''], env)).out[0] ?? '', env)).groups,
    ).toEqual([]);
  });

  it('comes from the short symmetric key too', async () => {
    const env = { PASETO_SYMMETRIC_KEY: '7f'.repeat(32), PASETO_SYMMETRIC_VERSION: 'v3' };
    const { out } = await ran(['token', '--user', 'ann'], env);
    expect((await open(out[0] ?? '', env)).user).toBe('ann');
  });

  it.each([
    ['a user that cannot be', ['--user', '..'], 64, '"sub"'],
    ['a tenant that cannot be', ['--user', 'a', '--tenant', 'a b'], 64, '"tenant"'],
    ['a scope that does not exist', ['--user', 'a', '--scope', 'watch fly'], 64, 'fly'],
    ['too long a life', ['--user', 'a', '--ttl', '2592006'], 64, '2592000 seconds'],
    ['a key that is none', ['--user', 'a', '--key', 'hunter2'], 78, '--key: key 1'],
    ['a key id', ['--user', 'a', '--key', 'k4.sid.AAAA'], 78, 'sid'],
  ])('is not made for %s', async (_, args, code, message) => {
    const { secret = '' } = await keysOf('v4', 'public');
    const result = await ran(['token', ...args], { PASETO_KEYS: secret });
    expect(result).toMatchObject({ code, out: [] });
    expect(result.err).toHaveLength(1);
    expect(result.err[0]).toContain(message);
    expect(result.err[0]).not.toContain('hunter2');
  });

  it('is not made with public keys only', async () => {
    const keys = await keysOf('v4', 'public');
    const env = { PASETO_KEYS: keys['public'] ?? '' };
    expect(await ran(['token', '--user', 'a'], env)).toMatchObject({
      code: 78,
      err: ['rollcall: PASETO_KEYS holds public keys only: issuing a token needs a secret or local one'],
    });
    expect((await ran(['token', '--user', 'a', '--key', env.PASETO_KEYS])).err[0]).toContain(
      '--key holds public keys',
    );
  });
});

describe('in a clone with a development key', () => {
  let folder: string;
  let devKeyFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollcall-dev-key-'));
    devKeyFile = join(folder, 'dev-key');
    await writeFile(devKeyFile, `${(await keysOf('v4', 'public')).secret}\n`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const signed = async (env: Record<string, string> = {}) => {
    const io = fakeIo(env, { devKeyFile });
    return { code: await run(['token', '--user', 'ada'], io), ...io };
  };

  it('token signs with it, for the audience of the nodes that npm start runs', async () => {
    const { code, outLines, errLines } = await signed();
    expect(code).toBe(0);
    expect(errLines[0]).toContain('development key');
    const env = { PASETO_KEYS_FILE: devKeyFile, TOKEN_AUDIENCE: 'rollcall-development' };
    expect((await open(outLines[0] ?? '', env)).user).toBe('ada');
  });

  it('token signs with a key the environment names, if it names one', async () => {
    const { secret = '', public: key = '' } = await keysOf('v4', 'public');
    const { outLines } = await signed({ PASETO_KEYS: secret });
    expect((await open(outLines[0] ?? '', { PASETO_KEYS: key })).user).toBe('ada');
  });

  it('token says where a key comes from when there is none', async () => {
    await rm(devKeyFile);
    const { code, errLines } = await signed();
    expect(code).toBe(64);
    expect(errLines[0]).toContain('a key is needed');
    expect(errLines[0]).toContain('npm start');
  });
});
