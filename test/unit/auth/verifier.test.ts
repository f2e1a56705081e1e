import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { AuthError, type AuthFailure, TOKEN_VERSIONS } from '../../../src/auth/principal.ts';
import { authVersionOf } from '../../../src/auth/token-format.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { at, goodClaims, keySet, makeKey, makeVerifier, NOW, RAW_KEY, rawToken } from './test-keys.ts';

const refusal = async (attempt: Promise<unknown>): Promise<AuthError> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
};

describe.each(TOKEN_VERSIONS)('%s', (version) => {
  it('tells who is there', async () => {
    const key = await makeKey(version);
    const { verifier } = makeVerifier(await keySet(key.verifying));
    const token = await key.issue.seal(
      goodClaims({ tenant: 'acme', name: 'Ann', groups: ['g1', 'g2'], scope: 'connect read', nbf: at(-60) }),
    );
    expect(authVersionOf(token)).toBe(version);
    expect(await verifier.verify(token)).toEqual({
      tenant: 'acme',
      user: 'ann',
      name: 'Ann',
      groups: ['g1', 'g2'],
      scopes: new Set(['connect', 'read']),
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 3_600,
    });
  });

  it('refuses a token of a key it does not hold', async () => {
    const [mine, other] = [await makeKey(version), await makeKey(version)];
    const { verifier } = makeVerifier(await keySet(mine.verifying));
    // The footer names the other key.
    expect((await refusal(verifier.verify(await other.issue.seal(goodClaims())))).reason).toBe('unknown_key');
  });

  it('verifies with the key that issues, too', async () => {
    const key = await makeKey(version);
    const { verifier } = makeVerifier(await keySet(key.issuing));
    expect((await verifier.verify(await key.issue.seal(goodClaims()))).user).toBe('ann');
  });
});

describe('refusals', () => {
  const good = () => JSON.stringify(goodClaims());
  const table: [string, string, AuthFailure][] = [
    ['nothing', '', 'missing'],
    ['words', 'let me in', 'malformed'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.', 'malformed'],
    ['a header alone', 'v4.local.', 'malformed'],
    ['five parts', `${rawToken(good())}.YQ.YQ`, 'malformed'],
    ['an empty footer', `${rawToken(good())}.`, 'malformed'],
    ['padding', `${rawToken(good())}=`, 'malformed'],
    ['a footer that is no base64url', `${rawToken(good())}.Y`, 'malformed'],
    ['white space around', ` ${rawToken(good())}`, 'malformed'],
    ['a line feed behind', `${rawToken(good())}\n`, 'malformed'],
    ['4,097 bytes', `v4.local.${'A'.repeat(4_097 - 9)}`, 'too_long'],
    ['megabytes', 'v4.local.'.padEnd(5_000_000, 'A'), 'too_long'],
    ['version 1', rawToken(good()).replace('v4', 'v1'), 'unsupported_version'],
    ['version 5', rawToken(good()).replace('v4', 'v5'), 'unsupported_version'],
    ['a version nobody has keys for', rawToken(good()).replace('v4', 'v3'), 'unknown_key'],
    ['a purpose nobody has keys for', rawToken(good()).replace('local', 'public'), 'unknown_key'],
    ['an unknown kid', rawToken(good(), '{"kid":"k4.lid.AAAA"}'), 'unknown_key'],
    ['a kid that is a number', rawToken(good(), '{"kid":4}'), 'unknown_key'],
    ['a kid that is null', rawToken(good(), '{"kid":null}'), 'unknown_key'],
    ['another key', rawToken(good(), '', new Uint8Array(32)), 'bad_signature'],
    ['a payload too short to hold anything', 'v4.local.AAAA', 'bad_signature'],
    ['claims that are no JSON', rawToken('sub=ann'), 'malformed'],
    ['claims that are a list', rawToken('["ann"]'), 'malformed'],
    ['claims that are null', rawToken('null'), 'malformed'],
    ['a number for sub', rawToken(JSON.stringify({ ...goodClaims(), sub: 7 })), 'bad_claims'],
    ['a number for exp', rawToken(JSON.stringify({ ...goodClaims(), exp: NOW / 1_000 + 60 })), 'bad_claims'],
    ['no exp', rawToken(JSON.stringify({ sub: 'ann' })), 'bad_claims'],
  ];

  it.each(table)('%s', async (_, token, reason) => {
    const { verifier, metrics } = makeVerifier(await keySet(RAW_KEY));
    expect((await refusal(verifier.verify(token))).reason).toBe(reason);
    const { values } = await metrics.authentications.get();
    expect(values).toEqual([{ labels: { result: reason, version: authVersionOf(token) }, value: 1 }]);
  });

  it('accepts 4,096 bytes', async () => {
    const { verifier } = makeVerifier(await keySet(RAW_KEY));
    // 4,087 characters of base64 behind the header are 3,065 bytes, 64 of them nonce and tag.
    const length = 3_065 - 64;
    const bare = JSON.stringify(goodClaims({ padding: '' }));
    const token = rawToken(JSON.stringify(goodClaims({ padding: 'x'.repeat(length - bare.length) })));
    expect(token.length).toBe(4_096);
    expect((await verifier.verify(token)).user).toBe('ann');
  });

  it('counts and times what it accepts', async () => {
    const { verifier, metrics } = makeVerifier(await keySet(RAW_KEY));
    await verifier.verify(rawToken(good()));
    expect((await metrics.authentications.get()).values).toEqual([
      { labels: { result: 'ok', version: 'v4.local' }, value: 1 },
    ]);
    const timed = await metrics.authSeconds.get();
    expect(timed.values.find(({ metricName }) => metricName?.endsWith('_count'))?.value).toBe(1);
  });

  it('says nothing of the token or what is in it, however it is printed', async () => {
    const { verifier } = makeVerifier(await keySet(RAW_KEY));
    const secret = 'Wq7-very-private-Zk3';
    const tokens = [
      rawToken(JSON.stringify({ ...goodClaims(), sub: `${secret}\n` })),
      rawToken(JSON.stringify({ ...goodClaims(), exp: secret })),
      rawToken(JSON.stringify({ ...goodClaims(), groups: secret })),
      rawToken(`{"sub":"${secret}"`),
      rawToken(`${secret}`),
      rawToken(good(), `{"kid":"${secret}"}`),
      rawToken(good(), secret).slice(0, -1),
      `${secret}${rawToken(good())}`,
      rawToken(JSON.stringify({ ...goodClaims({ exp: at(-60) }), sub: secret })),
    ];
    for (const token of tokens) {
      const error = await refusal(verifier.verify(token));
      for (const print of [
        inspect(error, { depth: 9, showHidden: true }),
        error.stack,
        JSON.stringify(error),
      ]) {
        expect(print).not.toContain(secret);
        expect(print).not.toContain(token.slice(20, 40));
      }
    }
  });
});

it('judges times by the clock after the wait, not before it', async () => {
  let now = NOW;
  const key = await makeKey('v4.public');
  const { verifier } = makeVerifier(await keySet(key.verifying), {
    clock: { ...systemClock, wall: () => now },
  });
  const verification = verifier.verify(await key.issue.seal(goodClaims({ exp: at(1) })));
  now += 60_000;
  expect((await refusal(verification)).reason).toBe('expired');
});

it('uses the keys in force when a token comes', async () => {
  const [before, after] = [await makeKey('v4.local'), await makeKey('v4.local')];
  const keys = { current: await keySet(before.verifying) };
  const { verifier } = makeVerifier(keys.current, { keys });
  const token = await after.issue.seal(goodClaims());
  await refusal(verifier.verify(token));
  keys.current = await keySet(after.verifying);
  expect((await verifier.verify(token)).user).toBe('ann');
});

describe('a storm', () => {
  const storm = 60;

  it('of decryptions leaves turns of the loop to others', async () => {
    const key = await makeKey('v4.local');
    const { verifier } = makeVerifier(await keySet(key.verifying), { turnMs: 1e-6 });
    const token = await key.issue.seal(goodClaims());
    let [turns, running] = [0, true];
    const other = () => {
      turns++;
      if (running) setImmediate(other);
    };
    setImmediate(other);
    await Promise.all(Array.from({ length: storm }, () => verifier.verify(token)));
    running = false;
    expect(turns).toBeGreaterThan(storm * 0.9);
  });

  it('of signatures puts a few at a time on the thread pool', async () => {
    const key = await makeKey('v4.public');
    const { verifier } = makeVerifier(await keySet(key.verifying), { parallel: 2 });
    const token = await key.issue.seal(goodClaims());
    const { subtle } = globalThis.crypto;
    const verify = subtle.verify.bind(subtle);
    let [running, most, all] = [0, 0, 0];
    vi.spyOn(subtle, 'verify').mockImplementation(async (...args) => {
      most = Math.max(most, ++running);
      all++;
      return verify(...args).finally(() => running--);
    });
    await Promise.all(Array.from({ length: storm }, () => verifier.verify(token)));
    expect([most, all]).toEqual([2, storm]);
  });
});
