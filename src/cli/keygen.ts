import { generateLocalKey, generateSigningKeys } from '../auth/generate-keys.ts';
import type { KeyVersion } from '../auth/paserk.ts';
import { oneOf, readArguments } from './arguments.ts';
import type { Command } from './io.ts';

const OPTIONS = {
  version: { type: 'string', default: 'v4' },
  purpose: { type: 'string', default: 'public' },
  json: { type: 'boolean', default: false },
} as const;

const VERSIONS = ['v4', 'v3', 'v2'] as const;
const PURPOSES = ['public', 'local'] as const;

const ADVICE = {
  public:
    'PASETO_KEYS of the service takes the public key; the secret one belongs to the issuer of tokens, and to the service only if it is to issue them too',
  local: 'PASETO_KEYS of the service takes this key; anyone who has it can issue tokens',
};

/** Prints new keys as PASERK, with their ids. */
export const keygen: Command = async (args, io) => {
  const { values } = readArguments(args, OPTIONS);
  const version = Number(oneOf('version', values.version, VERSIONS).slice(1)) as KeyVersion;
  const purpose = oneOf('purpose', values.purpose, PURPOSES);
  const keys = purpose === 'local' ? generateLocalKey(version) : await generateSigningKeys(version);
  if (values.json) io.out(JSON.stringify(keys));
  else for (const [name, key] of Object.entries(keys)) io.out(`${name.padEnd(6)} ${key}`);
  io.err(ADVICE[purpose]);
  return 0;
};
