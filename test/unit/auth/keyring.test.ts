import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateLocalKey, generateSigningKeys } from '../../../src/auth/generate-keys.ts';
import { KeyError } from '../../../src/auth/key-error.ts';
import { createKeyring, type Keyring, type KeySettings } from '../../../src/auth/keyring.ts';
import { serializePaserk } from '../../../src/auth/paserk.ts';
import { holds, until } from '../../support/until.ts';
import { MATERIAL } from './test-keys.ts';

interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}
let lines: Line[];
const write = (level: Line['level']) => (fields: object, message: string) => {
  lines.push({ level, fields, message });
};
const log = { info: write('info'), warn: write('warn'), error: write('error') };
const errors = () => lines.filter(({ level }) => level === 'error');

const create = (settings: Partial<KeySettings>, pollMs = 10): Promise<Keyring> =>
  createKeyring({ pasetoSymmetricVersion: 'v4', ...settings }, { log, pollMs });

beforeEach(() => {
  lines = [];
});

describe('keys from the environment', () => {
  it('are separated by white space or commas, and may be commented', async () => {
    const [one, two, three] = [generateLocalKey(2), generateLocalKey(3), generateLocalKey(4)];
    const { public: four, pid } = await generateSigningKeys(4);
    const pasetoKeys = `\n ${one.local},${two.local}\t# the old ones, until May\r\n${three.local} ,, ${four}\n`;
    expect((await create({ pasetoKeys })).current.ids).toEqual([one.lid, two.lid, three.lid, pid]);
  });

  const hex = Buffer.from(MATERIAL).toString('hex');
  it.each([
    ['hex', hex],
    ['capital hex', hex.toUpperCase()],
    ['base64', Buffer.from(MATERIAL).toString('base64')],
    ['base64url', Buffer.from(MATERIAL).toString('base64url')],
    ['base64 in white space', ` ${Buffer.from(MATERIAL).toString('base64')}\n`],
  ])('may be one symmetric key in %s', async (_, pasetoSymmetricKey) => {
    for (const [version, id] of [
      ['v4', 'k4.lid.'],
      ['v3', 'k3.lid.'],
      ['v2', 'k2.lid.'],
    ] as const) {
      const keyring = await create({ pasetoSymmetricKey, pasetoSymmetricVersion: version });
      expect(keyring.current.ids).toHaveLength(1);
      expect(keyring.current.ids[0]).toContain(id);
      const listed = await create({
        pasetoKeys: `k${version[1]}.local.${Buffer.from(MATERIAL).toString('base64url')}`,
      });
      expect(keyring.current.ids).toEqual(listed.current.ids);
    }
  });

  it('say so when there are more of a version than are tried', async () => {
    const pasetoKeys = Array.from({ length: 5 }, () => generateLocalKey(4).local).join(' ');
    await create({ pasetoKeys });
    expect(lines.filter(({ level }) => level !== 'info')).toMatchObject([
      { level: 'warn', fields: { version: 'v4.local' } },
    ]);
  });
});

/** Compressed, with an x that no point of P-384 has. */
const OFF_CURVE = Uint8Array.of(2, ...Array<number>(48).fill(2));

describe('a bad key stops the start with a line that names the setting and no key', () => {
  const good = generateLocalKey(4).local;
  const data = Buffer.from(MATERIAL).toString('base64url');
  it.each<[string, Partial<KeySettings>, RegExp]>([
    ['none at all', {}, /^PASETO_KEYS: no key/],
    ['blanks', { pasetoKeys: ' ,\n# nothing\n' }, /^PASETO_KEYS: no key/],
    ['no PASERK', { pasetoKeys: data }, /^PASETO_KEYS: key 1 is no PASERK key/],
    ['a password', { pasetoKeys: `${good} ${data}` }, /^PASETO_KEYS: key 2 is no PASERK key/],
    ['version 1', { pasetoKeys: `k1.local.${data}` }, /^PASETO_KEYS: key 1 is a key of version 1/],
    ['a key id', { pasetoKeys: `k4.lid.${data}` }, /^PASETO_KEYS: key 1 is a PASERK of type lid/],
    [
      'a wrapped key',
      { pasetoKeys: `k4.local-wrap.pie.${data}` },
      /^PASETO_KEYS: key 1 is a PASERK of type local-wrap/,
    ],
    [
      'a short key',
      { pasetoKeys: serializePaserk(4, 'local', MATERIAL.slice(16)) },
      /^PASETO_KEYS: key 1 .* 16 bytes/,
    ],
    [
      'a key with padding',
      { pasetoKeys: `k4.local.${data}=` },
      /^PASETO_KEYS: key 1 is not unpadded base64url/,
    ],
    [
      'a key with stray bits',
      { pasetoKeys: `k4.local.${data.slice(0, -1)}9` },
      /^PASETO_KEYS: key 1 is not unpadded/,
    ],
    [
      'a point off the curve',
      { pasetoKeys: serializePaserk(3, 'public', OFF_CURVE) },
      /^PASETO_KEYS: key 1 is not a valid k3.public/,
    ],
    [
      'a placeholder that anybody could sign for',
      { pasetoKeys: serializePaserk(4, 'public', new Uint8Array(32)) },
      /^PASETO_KEYS: key 1 is a k4.public key of zeros/,
    ],
    [
      'half of another pair',
      { pasetoKeys: `k4.secret.${'B'.repeat(85)}A` },
      /^PASETO_KEYS: key 1 is not a valid k4.secret/,
    ],
    [
      '31 bytes',
      { pasetoSymmetricKey: Buffer.from(MATERIAL.slice(1)).toString('hex') },
      /^PASETO_SYMMETRIC_KEY/,
    ],
    ['a passphrase', { pasetoSymmetricKey: 'correct horse battery staple' }, /^PASETO_SYMMETRIC_KEY/],
    [
      '33 bytes',
      { pasetoSymmetricKey: Buffer.from([...MATERIAL, 1]).toString('base64') },
      /^PASETO_SYMMETRIC_KEY/,
    ],
    ['a file that is not there', { pasetoKeysFile: '/nowhere/keys' }, /^PASETO_KEYS_FILE: .*ENOENT/],
    ['a folder', { pasetoKeysFile: tmpdir() }, /^PASETO_KEYS_FILE: .*EISDIR/],
  ])('%s', async (_, settings, message) => {
    const error = await create(settings).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyError);
    expect((error as KeyError).message).toMatch(message);
    const print = inspect(error, { depth: 9, showHidden: true });
    for (const text of [settings.pasetoKeys, settings.pasetoSymmetricKey]) {
      for (const word of (text ?? '').split(/[\s,.]+/).filter((part) => part.length > 15)) {
        expect(print).not.toContain(word.slice(0, 12));
      }
    }
  });
});

describe('a key file', () => {
  let folder: string;
  let keyring: Keyring | undefined;
  const [first, second, third] = [generateLocalKey(4), generateLocalKey(4), generateLocalKey(3)];
  const path = () => join(folder, 'keys');
  /** As a careful operator does: written beside, then moved over. */
  const replace = async (text: string) => {
    await writeFile(join(folder, 'next'), text);
    await rename(join(folder, 'next'), path());
  };
  const open = async (settings: Partial<KeySettings> = {}): Promise<Keyring> => {
    keyring = await create({ pasetoKeysFile: path(), ...settings });
    await keyring.start();
    return keyring;
  };
  const inForce = (ids: string[]) =>
    until(() => JSON.stringify(keyring?.current.ids) === JSON.stringify(ids), {
      what: `keys ${ids.join(' ')}`,
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    await writeFile(path(), first.local);
  });
  afterEach(async () => {
    await keyring?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is followed: keys come and go without a restart', async () => {
    await open();
    await inForce([first.lid]);
    await replace(`${first.local}\n${second.local}\n`);
    await inForce([first.lid, second.lid]);
    await replace(second.local);
    await inForce([second.lid]);
    expect(lines.at(-1)).toMatchObject({
      level: 'info',
      fields: { keys: 1, added: [], removed: [first.lid] },
    });
  });

  it('is followed through a symbolic link to a folder that is swapped, as a mounted secret is', async () => {
    for (const [name, key] of [
      ['one', first],
      ['two', second],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'keys'), key.local);
    }
    await symlink('one', join(folder, 'data'));
    keyring = await create({ pasetoKeysFile: join(folder, 'data', 'keys') });
    await keyring.start();
    await inForce([first.lid]);
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'data'));
    await inForce([second.lid]);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    ['bad', () => replace(`${second.local} k4.local.AAAA`), /key 2/],
    ['empty', () => replace(''), /no key/],
    ['too large', () => replace(`${second.local}\n${'#'.repeat(300_000)}`), /larger/],
    ['away', () => rm(path()), /ENOENT/],
  ])(
    'that became %s changes nothing, is said once, and is used again when it is right',
    async (_, spoil, reason) => {
      const ring = await open();
      await spoil();
      await until(() => errors().length > 0);
      expect(errors()).toHaveLength(1);
      expect(errors()[0]?.fields).toMatchObject({ reason: expect.stringMatching(reason) });
      expect(inspect(lines, { depth: 9 })).not.toContain(second.local.slice(9, 30));
      expect(ring.current.ids).toEqual([first.lid]);
      // Seen by the polls that follow, which stay silent about it.
      await replace(second.local);
      await inForce([second.lid]);
      expect(errors()).toHaveLength(1);
    },
  );

  it('comes after the keys of the environment, which stay', async () => {
    await open({ pasetoKeys: third.local });
    await inForce([third.lid, first.lid]);
    await replace(second.local);
    await inForce([third.lid, second.lid]);
  });

  it('is looked at no more after stop, and again after start', async () => {
    const ring = await open();
    await ring.start();
    await ring.stop();
    await ring.stop();
    await replace(second.local);
    await holds(() => ring.current.ids[0] === first.lid, 50);
    await ring.start();
    await inForce([second.lid]);
  });
});
