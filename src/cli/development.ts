import { existsSync } from 'node:fs';
import type { Io } from './io.ts';

/** Settings that name keys: with one of them set, the development key is not used. */
const KEY_SETTINGS = ['PASETO_KEYS', 'PASETO_KEYS_FILE', 'PASETO_SYMMETRIC_KEY'];

/** What `npm start` and `npm run cluster` give their nodes as TOKEN_AUDIENCE. */
const AUDIENCE = 'rollcall-development';

/**
 * The environment a command signs by. In a clone that `npm start` has made a key for, and with no other key named, that
 * is the development key and its audience: what it signs is accepted by the node that is running there.
 */
export const signingEnv = ({ env, devKeyFile, err }: Pick<Io, 'env' | 'devKeyFile' | 'err'>): Io['env'] => {
  if (KEY_SETTINGS.some((name) => env[name]) || devKeyFile === undefined || !existsSync(devKeyFile))
    return env;
  err('signed with the development key of this clone: only its own nodes accept it');
  return { TOKEN_AUDIENCE: AUDIENCE, ...env, PASETO_KEYS_FILE: devKeyFile };
};
