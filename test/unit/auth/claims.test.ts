import { describe, expect, it } from 'vitest';
import { type ClaimRules, principalOf } from '../../../src/auth/claims.ts';
import { AuthError, type AuthFailure, SCOPES } from '../../../src/auth/principal.ts';
import fc from '../../support/fast-check.ts';
import { at, goodClaims, NOW, RULES } from './test-keys.ts';

const reasonOf = (claims: object, rules: ClaimRules = RULES): AuthFailure | undefined => {
  try {
    principalOf(claims as Record<string, unknown>, rules, NOW);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return (error as AuthError).reason;
  }
};
const principal = (claims: object, rules: ClaimRules = RULES) =>
  principalOf(claims as Record<string, unknown>, rules, NOW);

describe('times', () => {
  const month = 30 * 86_400;
  it.each<[string, object, AuthFailure | undefined]>([
    ['ends now', { exp: at(0) }, undefined],
    ['ended 5 s ago', { exp: at(-5) }, undefined],
    ['ended 5.001 s ago', { exp: at(-5.001) }, 'expired'],
    ['ends after the longest lifetime', { exp: at(month) }, undefined],
    ['ends 5 s later than that', { exp: at(month + 5) }, undefined],
    ['ends 5.001 s later than that', { exp: at(month + 5.001) }, 'lifetime_too_long'],
    ['ends in the year 9999', { exp: '9999-12-31T23:59:59Z' }, 'lifetime_too_long'],
    ['was issued 5 s ahead', { iat: at(5) }, undefined],
    ['was issued 5.001 s ahead', { iat: at(5.001) }, 'not_yet_valid'],
    ['begins 5 s ahead', { nbf: at(5) }, undefined],
    ['begins 5.001 s ahead', { nbf: at(5.001) }, 'not_yet_valid'],
    ['has no iat', { iat: undefined }, undefined],
    ['has no exp', { exp: undefined }, 'bad_claims'],
    ['has null for exp', { exp: null }, 'bad_claims'],
    ['has a number for iat', { iat: NOW / 1_000 }, 'bad_claims'],
    ['has a date that is none', { exp: '2026-02-30T00:00:00Z' }, 'bad_claims'],
    ['has a time without a zone', { exp: '2026-06-01T13:00:00' }, 'bad_claims'],
    ['is in another zone', { exp: '2026-06-01T15:00:00+02:00' }, undefined],
  ])('%s', (_, changes, reason) => {
    expect(reasonOf({ ...goodClaims(), ...changes })).toBe(reason);
  });

  it('come out in seconds, iat with what orders the tokens of one second', () => {
    expect(principal(goodClaims({ iat: at(-0.25), exp: at(10.75) }))).toMatchObject({
      iat: NOW / 1_000 - 0.25,
      exp: NOW / 1_000 + 10,
    });
    expect(principal(goodClaims({ iat: at(-9).replace('.000Z', 'Z') }))).toMatchObject({ isIatWhole: true });
    expect(principal(goodClaims({ iat: at(-9) }))).not.toHaveProperty('isIatWhole');
    expect(principal({ ...goodClaims(), iat: undefined })).not.toHaveProperty('iat');
  });
});

it('a token that lives longer than allowed is refused, also when little is left of it', () => {
  const { maxTtlSeconds } = RULES;
  expect(reasonOf(goodClaims({ iat: at(60 - maxTtlSeconds), exp: at(60) }))).toBeUndefined();
  expect(reasonOf(goodClaims({ iat: at(54 - maxTtlSeconds), exp: at(60) }))).toBe('lifetime_too_long');
});

describe('audience and issuer', () => {
  const rules = { ...RULES, audience: 'rollcall', issuer: 'https://id.example' };
  it('are checked when they are set', () => {
    expect(reasonOf(goodClaims({ aud: 'rollcall', iss: 'https://id.example' }), rules)).toBeUndefined();
    expect(reasonOf(goodClaims({ aud: 'other', iss: 'https://id.example' }), rules)).toBe('bad_audience');
    expect(reasonOf(goodClaims({ iss: 'https://id.example' }), rules)).toBe('bad_audience');
    expect(reasonOf(goodClaims({ aud: 'rollcall', iss: 'https://id.example.evil' }), rules)).toBe(
      'bad_issuer',
    );
    expect(reasonOf(goodClaims({ aud: 'rollcall' }), rules)).toBe('bad_issuer');
  });
  it('are anything when they are not', () => {
    expect(reasonOf(goodClaims({ aud: 'other', iss: 'who' }))).toBeUndefined();
  });
});

describe('identity', () => {
  it.each<[string, object]>([
    ['no sub', { sub: undefined }],
    ['an empty sub', { sub: '' }],
    ['sub with a control character', { sub: 'a\u0000' }],
    ['sub of dots', { sub: '..' }],
    ['sub of 129 bytes', { sub: 'a'.repeat(129) }],
    ['a tenant with a colon', { tenant: 'a:b' }],
    ['an empty tenant', { tenant: '' }],
    ['null for tenant', { tenant: null }],
    ['any tenant, with connect', { tenant: '*', scope: 'connect read' }],
    ['any tenant, with the scopes of a token without the claim', { tenant: '*' }],
    ['a name that is a number', { name: 5 }],
    ['a name with a line feed', { name: 'a\nb' }],
    ['a name of 257 bytes', { name: 'n'.repeat(257) }],
    ['groups that are one string', { groups: 'a' }],
    ['a group that is a number', { groups: [1] }],
    ['an empty group', { groups: [''] }],
    ['places that are one text', { places: 'doc:7' }],
    ['a place that is none', { places: [''] }],
    ['a prefix without a delimiter', { places: ['doc*'] }],
    ['every place', { places: ['*'] }],
    ['such a prefix to watch', { placesWatch: ['doc7*'] }],
    ['65 places', { places: Array.from({ length: 65 }, (_, index) => `p${index}`) }],
    ['65 places to watch', { placesWatch: Array.from({ length: 65 }, (_, index) => `p${index}`) }],
    ['65 groups', { groups: Array.from({ length: 65 }, (_, index) => `g${index}`) }],
    ['scope that is a list', { scope: ['connect'] }],
    ['null for scope', { scope: null }],
  ])('refuses %s', (_, changes) => {
    expect(reasonOf({ ...goodClaims(), ...changes })).toBe('bad_claims');
  });

  it('has defaults', () => {
    expect(principal({ sub: 'ann', exp: at(60) })).toEqual({
      tenant: 'default',
      user: 'ann',
      scopes: new Set(['connect', 'watch']),
      exp: NOW / 1_000 + 60,
    });
  });

  it('lets services without connect name their tenant later', () => {
    const service = principal(goodClaims({ tenant: '*', scope: 'read admin' }));
    expect(service).toMatchObject({ service: 'ann' });
    // Nothing that would make it the user of that name in any tenant.
    expect(Object.keys(service)).not.toEqual(expect.arrayContaining(['user']));
    expect(Object.keys(service)).not.toEqual(expect.arrayContaining(['tenant']));
  });

  it('takes places, prefixes behind a delimiter, and nothing where there is no claim', () => {
    const places = ['doc:7', 'doc:*', 'a/*', 'b.*', 'c-*', 'd*e'];
    const { places: entered, placesWatch } = principal(goodClaims({ places, placesWatch: ['x', 'x'] }));
    expect([entered, placesWatch]).toEqual([places, ['x']]);
    expect(principal(goodClaims())).not.toHaveProperty('places');
  });

  it('tells no groups from no claim of groups', () => {
    expect(principal(goodClaims({ groups: [] })).groups).toEqual([]);
    expect(principal(goodClaims())).not.toHaveProperty('groups');
    expect(principal(goodClaims({ groups: ['b', 'a', 'b'] })).groups).toEqual(['b', 'a']);
    const most = Array.from({ length: 64 }, (_, index) => `g${index}`);
    expect(principal(goodClaims({ groups: most })).groups).toEqual(most);
  });

  it('takes an empty name for none', () => {
    expect(principal(goodClaims({ name: '' }))).not.toHaveProperty('name');
  });

  // One character turned the text behind a name around in every list that showed it.
  it.each([
    ['an override', '\u202eAnn', 'Ann'],
    ['embeddings', 'A\u202ann\u202bx\u202c', 'Annx'],
    ['isolates', '\u2066A\u2067n\u2068n\u2069', 'Ann'],
    ['marks', '\u200eAnn\u200f\u061c', 'Ann'],
  ])('leaves %s out of a name', (_, name, shown) => {
    expect(principal(goodClaims({ name }))).toHaveProperty('name', shown);
  });

  it.each([' ', '\u200b', '\u202e\u202c', '\u2800'])(
    'takes a name of which nothing is seen for none: %j',
    (name) => {
      expect(principal(goodClaims({ name }))).not.toHaveProperty('name');
    },
  );
});

describe('scopes', () => {
  it('ignores those it does not know beside one that it knows', () => {
    expect(principal(goodClaims({ scope: '  read  profile  watch:tenant email ' })).scopes).toEqual(
      new Set(['watch:tenant', 'read']),
    );
    expect(principal(goodClaims({ scope: 'read https://example.com/a,b' })).scopes).toEqual(
      new Set(['read']),
    );
    for (const scope of ['', ' ']) expect(principal(goodClaims({ scope })).scopes.size).toBe(0);
  });

  it.each([
    ['no known one', 'CONNECT constructor __proto__'],
    ['a misspelt one', 'conect'],
    ['commas', 'read,events'],
    ['commas and spaces', 'read, events'],
    ['commas behind a known one', 'connect watch,read'],
    ['lines', 'read\nevents'],
  ])('refuse a claim with %s', (_, scope) => {
    expect(() => principal(goodClaims({ scope }))).toThrow(/^The claim "scope" is .*; it must be words/);
  });

  it('are one set for everybody with the same ones, in whatever order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...SCOPES]), fc.constantFrom(' ', '  '), (scopes, space) => {
        const { scopes: once } = principal(goodClaims({ scope: scopes.join(space) }));
        const { scopes: again } = principal(goodClaims({ scope: [...scopes].sort().join(' ') }));
        expect(once).toBe(again);
        expect([...once].sort()).toEqual([...scopes].sort());
      }),
    );
  });
});

describe('what is said of a claim that is wrong', () => {
  const messageOf = (claims: object): string => {
    try {
      principal(claims);
      return 'accepted';
    } catch (error) {
      return (error as AuthError).message;
    }
  };
  it.each<[string, object, string]>([
    ['no exp', { exp: undefined }, 'The claim "exp" is missing; it must be a time as text'],
    ['a number', { exp: 1_798_732_800 }, 'The claim "exp" is a number; it must be a time as text'],
    ['no zone', { exp: '2026-06-01T13:00:00' }, 'with its zone, such as "2026-11-30T17:00:00Z".'],
    ['scopes as a list', { scope: ['read'] }, 'The claim "scope" is a list; it must be words with spaces'],
    [
      'scopes with commas',
      { scope: 'read,events' },
      'is a list with other separators than spaces; it must be words',
    ],
    [
      'an unknown scope',
      { scope: 'reader' },
      'is a text without any scope of this service; it must be words',
    ],
    [
      'the scopes there are',
      { scope: 'reader' },
      'of connect, watch, watch:tenant, read, write, events, mint, admin.',
    ],
    ['a number for sub', { sub: 7 }, 'The claim "sub" is a number; it must be a user id'],
    ['groups as text', { groups: 'g1' }, 'The claim "groups" is another text; it must be a list'],
  ])('%s', (_, changes, message) => {
    expect(messageOf({ ...goodClaims(), ...changes })).toContain(message);
  });
  it('never repeats its value', () => {
    expect(messageOf({ ...goodClaims(), exp: 'secret' })).not.toContain('secret');
  });
});
