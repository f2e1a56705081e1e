import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSigningKeys } from '../../../src/auth/generate-keys.ts';
import { ran } from './fake-io.ts';

let env: Record<string, string>;
let folder: string;
let secret: string;
beforeAll(async () => {
  const keys = await generateSigningKeys(4);
  secret = keys.secret;
  env = {
    REDIS_URL: 'redis://me:hunter2@redis',
    PASETO_KEYS: keys.public,
    TOKEN_AUDIENCE: 'rollcall',
    PLACE_POLICY: 'token',
  };
  folder = await mkdtemp(join(tmpdir(), 'rollcall-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('check-config', () => {
  it('says when a node would start', async () => {
    expect(await ran(['check-config'], env)).toEqual({
      code: 0,
      out: ['the settings are good, with 1 key for tokens'],
      err: [],
    });
  });

  it('warns and still says so', async () => {
    const { code, err } = await ran(['check-config'], { ...env, HEARTBEAT_TTL: '1' });
    expect(code).toBe(0);
    expect(err).toEqual(['warning: HEARTBEAT_TTL is not a setting: did you mean HEARTBEAT_TTL_MS?']);
  });

  it.each([
    ['a wrong setting', { PORT: 'x' }, 'PORT must be a whole number from 0 to 65535, not "x"'],
    ['settings that do not fit', { HEARTBEAT_TTL_MS: '1000' }, 'HEARTBEAT_TTL_MS must be at least 3'],
    ['a key of the wrong length', { PASETO_KEYS: 'k4.public.AAAA' }, 'PASETO_KEYS'],
    ['a wrong key beside a warning', { PASETO_KEYS: 'x', HEARTBEAT_TTL: '1' }, 'PASETO_KEYS'],
    ['a file that is not there', { PASETO_KEYS_FILE: '/nowhere/keys' }, 'PASETO_KEYS_FILE'],
  ])('ends with 78 and one line for %s', async (_, wrong, message) => {
    const { code, out, err } = await ran(['check-config'], { ...env, ...wrong });
    expect({ code, out }).toEqual({ code: 78, out: [] });
    expect(err).toHaveLength(1);
    expect(err[0]).toContain(`rollcall: ${message}`);
  });

  it('reads the file of keys', async () => {
    const file = join(folder, 'keys');
    await writeFile(file, `# ours\n${(await generateSigningKeys(4)).secret}\n`);
    const { out } = await ran(['check-config'], { ...env, PASETO_KEYS_FILE: file });
    expect(out).toEqual(['the settings are good, with 2 keys for tokens']);
  });
});

describe('print-config', () => {
  it('prints an environment without secrets', async () => {
    const { code, out } = await ran(['print-config'], { ...env, PASETO_KEYS: secret });
    expect(code).toBe(0);
    expect(out).toContain('REDIS_URL=redis://***@redis');
    expect(out).toContain('PASETO_KEYS=k4.secret.***');
    expect(out.join()).not.toMatch(/hunter2/);
  });

  it('prints JSON', async () => {
    const { out } = await ran(['print-config', '--json'], env);
    expect(JSON.parse(out.join('\n'))).toMatchObject({ PORT: 8080, REDIS_URL: 'redis://***@redis' });
  });

  it('ends with 78 as the start would', async () => {
    expect((await ran(['print-config'], { ...env, PORT: '' })).code).toBe(78);
  });
});
