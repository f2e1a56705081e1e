import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateSigningKeys } from '../dist/auth/generate-keys.js';
import { TokenIssuer } from '../dist/auth/issuer.js';
import { createKeyring } from '../dist/auth/keyring.js';
import { loadSettings } from '../dist/config/settings.js';
import { DEV_KEY_FILE, usesDevKey } from './settings.mjs';

const TTL_S = 12 * 3_600;
const SCOPE = 'connect watch watch:tenant';

/** Makes the key of this clone on the first start. Two starts at once end with one key, and never with half of one. */
const ensureDevKey = async () => {
  await mkdir(dirname(DEV_KEY_FILE), { recursive: true, mode: 0o700 });
  const { secret } = await generateSigningKeys(4);
  const draft = `${DEV_KEY_FILE}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${secret}\n`, { mode: 0o600 });
  try {
    // Unlike a rename this never takes the place of a key that is there.
    await link(draft, DEV_KEY_FILE);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    await chmod(DEV_KEY_FILE, 0o600);
  } finally {
    await rm(draft);
  }
};

/**
 * Signs for anybody, with the key the service is given: one of the person's own when the environment names it.
 * Keys that can only verify make a page nobody can sign in on, and the page says so.
 *
 * @throws Error with the service's own line for settings it would refuse
 */
export const openSigner = async (env) => {
  if (usesDevKey(env)) await ensureDevKey();
  const settings = loadSettings({ ...env, REDIS_URL: env.REDIS_URL ?? 'memory:' });
  const silent = { info() {}, warn() {}, error() {} };
  const keys = await createKeyring(settings, { log: silent });
  await keys.start();
  const { maxTokenTtlS, tokenAudience, tokenIssuer } = settings;
  const issuer = new TokenIssuer({
    keys,
    rules: {
      maxTtlSeconds: maxTokenTtlS,
      ...(tokenAudience !== undefined && { audience: tokenAudience }),
      ...(tokenIssuer !== undefined && { issuer: tokenIssuer }),
    },
    clock: { wall: Date.now },
  });
  return async ({ user, name, scope = SCOPE }) => {
    const who = { user, tenant: 'default', scope, ttlSeconds: Math.min(TTL_S, maxTokenTtlS) };
    return (await issuer.issue({ ...who, ...(name && { name }) })).token;
  };
};
