import { Type } from 'typebox';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { validatorCompiler } from '../../../src/http/validation.ts';
import { parseClientFrame } from '../../../src/protocol/parse-frame.ts';
import { Rig } from '../session/rig.ts';

afterEach(() => void vi.restoreAllMocks());

/** What was read of a value, wherever in it. */
const watched = <T extends object>(value: T): { value: T; reads: string[] } => {
  const reads: string[] = [];
  const wrap = <V extends object>(of: V): V =>
    new Proxy(of, {
      get: (target, key, receiver) => {
        if (typeof key === 'string') reads.push(key);
        const got: unknown = Reflect.get(target, key, receiver);
        return typeof got === 'object' && got !== null && key !== 'constructor' ? wrap(got) : got;
      },
    });
  return { value: wrap(value), reads };
};

const ITEMS = 20_000;
const batch = Type.Object(
  { users: Type.Array(Type.String({ minLength: 1 }), { maxItems: 1000 }) },
  { additionalProperties: false },
);

// The attack: what is refused costs more than what is let in, and everybody else waits.
describe('a refusal', () => {
  const validate = validatorCompiler({ schema: batch, httpPart: 'body', method: 'POST', url: '/' });

  it.each([
    ['a list of wrong items', { users: Array<unknown>(ITEMS).fill(0) }],
    ['a list of good items that is too long', { users: Array<unknown>(ITEMS).fill('ann') }],
    [
      'an object of unknown fields',
      Object.fromEntries(Array.from({ length: ITEMS }, (_, i) => [`f${i}`, 0])),
    ],
  ])('looks at no more than the first error: %s', (_what, body) => {
    const { value, reads } = watched(body);
    expect(validate(value)).toHaveProperty('error');
    expect(reads.length).toBeLessThan(100);
  });

  it('names what is wrong all the same', () => {
    const messageOf = (body: unknown): string =>
      (validate(body) as { error?: Error }).error?.message ?? 'nothing is wrong';
    expect(messageOf({ users: ['a', 'b', 7, 8] })).toBe('body.users[2] must be string');
    expect(messageOf({ users: Array(1001).fill('a') })).toBe('body.users must not have more than 1000 items');
    expect(messageOf({ users: ['a'], later: 1 })).toBe('body.later is not known');
    expect(messageOf({})).toBe('body.users is required');
    expect(messageOf([])).toBe('body must be object');
    expect(messageOf({ users: ['a'] })).toBe('nothing is wrong');
  });

  it('of a frame looks at no more either', () => {
    const { value, reads } = watched({ type: 'watch', users: Array<unknown>(4000).fill(0) });
    vi.spyOn(JSON, 'parse').mockReturnValueOnce(value);
    expect(parseClientFrame('{}', 0).error).toMatchObject({
      code: 'invalid',
      message: 'users.0 must be string',
    });
    expect(reads.length).toBeLessThan(100);
  });
});

describe('before sign-in', () => {
  it('nothing but the type of a frame is looked at', async () => {
    const rig = await Rig.start();
    try {
      const client = rig.dial();
      await client.until(() => client.opened);
      const { value, reads } = watched({ type: 'watch', users: Array<unknown>(4000).fill('ann') });
      const parse = JSON.parse.bind(JSON);
      vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) =>
        String(text).includes('"watch"') ? value : parse(text, reviver),
      );
      client.sendRaw('{"type":"watch"}');
      expect(await client.end()).toBe(4401);
      expect(reads).toEqual(['type']);
    } finally {
      await rig.stop();
    }
  });
});
