import { describe, expect, it } from 'vitest';
import { FRAME_TYPES } from '../../../src/protocol/client-frames.ts';
import { parseClientFrame, refOf } from '../../../src/protocol/parse-frame.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const parse = (value: unknown) =>
  parseClientFrame(typeof value === 'string' ? value : JSON.stringify(value), NOW);

describe('a frame that is none', () => {
  it.each(['', '{', 'null', '[]', '[{"type":"ping"}]', '"ping"', '7', 'true', '{"type":"ping"} x', 'ping'])(
    '%j is a bad frame',
    (text) => {
      expect(parse(text).error?.code).toBe('bad_frame');
    },
  );

  it.each([
    {},
    { type: 'x' },
    { type: 1 },
    { type: null },
    { type: ['ping'] },
    { type: 'constructor' },
    { type: '' },
  ])('%j has an unknown type', (value) => {
    expect(parse({ ...value, ref: 'r' }).error).toEqual({
      code: 'unknown_type',
      message: `type must be one of ${FRAME_TYPES.join(', ')}`,
      ref: 'r',
    });
  });
});

describe('typing', () => {
  it.each([
    { user: 'a', group: 'g' },
    { group: 'g', place: 'p' },
    { user: 'a', place: 'p' },
  ])('goes to one: whoever names two is told, not answered for one of them: %j', (to) => {
    expect(parse({ type: 'typing', to, on: true, ref: 'r' }).error).toEqual({
      code: 'invalid',
      message: 'to must name one of user, group and place',
      ref: 'r',
    });
  });
});

describe('good frames', () => {
  it.each([
    { type: 'auth', token: 'v4.public.x' },
    { type: 'watch', users: ['a', 'ü/🍜'] },
    { type: 'watch', tenant: true },
    { type: 'watch', users: ['a'], tenant: true, groups: ['g'] },
    { type: 'unwatch', users: ['a'] },
    { type: 'unwatch', tenant: true },
    { type: 'watch', places: ['doc:7'] },
    { type: 'watch', places: ['doc:7'], top: 100 },
    { type: 'watch', groups: ['g'], places: ['doc:7'], tenant: true, count: true },
    { type: 'unwatch', places: ['doc:7'], count: true },
    { type: 'enter', place: 'doc:7' },
    { type: 'leave', place: 'doc:7', ref: 'r' },
    { type: 'typing', to: { place: 'doc:7' }, on: true },
    { type: 'activity', state: 'active' },
    { type: 'activity', state: 'idle' },
    { type: 'typing', to: { user: 'a' }, on: true },
    { type: 'typing', to: { group: 'g' }, on: false },
    { type: 'ping' },
    { type: 'bye' },
  ])('%j', (value) => {
    expect(parse(value).frame).toEqual(value);
    expect(parse({ ...value, ref: 'r1' }).frame).toEqual({ ...value, ref: 'r1' });
  });

  it('ignores fields it does not know', () => {
    expect(parse({ type: 'ping', later: { x: 1 } }).frame?.type).toBe('ping');
  });

  it('reads the fields of a status', () => {
    const until = '2026-11-21T13:00:00Z';
    expect(
      parse({ type: 'status', status: 'busy', text: 'Lunch', emoji: '🍜', until, ref: 'r' }).frame,
    ).toEqual({
      type: 'status',
      ref: 'r',
      claim: { status: 'busy', text: 'Lunch', emoji: '🍜', until: NOW + 3_600_000 },
    });
    expect(parse({ type: 'status', status: null }).frame).toEqual({
      type: 'status',
      claim: { status: null },
    });
  });
});

describe('wrong fields', () => {
  it.each([
    [{ type: 'auth' }, /token/],
    [{ type: 'auth', token: '' }, /^token /],
    [{ type: 'auth', token: 5 }, /^token must be string/],
    [{ type: 'watch' }, /name users, groups, places or tenant/],
    [{ type: 'unwatch' }, /name users, groups, places or tenant/],
    [{ type: 'watch', places: ['..'] }, /^places\.0 must be an id/],
    [{ type: 'watch', groups: ['g'], top: 5 }, /^top is for places/],
    [{ type: 'watch', places: ['p'], top: 101 }, /^top /],
    [{ type: 'watch', places: ['p'], top: 0 }, /^top /],
    [{ type: 'watch', places: ['p'], top: 5, count: true }, /^top names people/],
    [{ type: 'watch', users: ['a'], groups: ['g'], count: true }, /^count is for/],
    [{ type: 'watch', places: ['p'], count: false }, /^count must be true/],
    [{ type: 'enter' }, /place/],
    [{ type: 'enter', place: 7 }, /^place must be string/],
    [{ type: 'leave', place: '' }, /^place must be an id/],
    [{ type: 'watch', users: [] }, /^users /],
    [{ type: 'watch', users: 'a' }, /^users must be array/],
    [{ type: 'watch', users: ['a', '..'] }, /^users\.1 must be an id/],
    [{ type: 'watch', users: ['x'.repeat(129)] }, /^users\.0 must be an id/],
    [{ type: 'watch', users: [7] }, /^users\.0 must be string/],
    [{ type: 'watch', users: null }, /^users must be array/],
    [{ type: 'watch', groups: [''] }, /^groups\.0 must be an id/],
    [{ type: 'watch', tenant: false }, /^tenant must be true/],
    [{ type: 'watch', tenant: 'acme' }, /^tenant must be boolean/],
    [{ type: 'activity' }, /state/],
    [{ type: 'activity', state: 'asleep' }, /^state must be one of active, idle/],
    [{ type: 'status' }, /status/],
    [{ type: 'status', status: 'offline' }, /^status must be one of/],
    [{ type: 'status', status: 'busy', text: 'x'.repeat(141) }, /^text must have at most 140/],
    [{ type: 'status', status: 'busy', emoji: 'x' }, /^emoji must be one emoji/],
    [{ type: 'status', status: 'busy', until: '2026-11-21T11:59:59Z' }, /^until must be in the future/],
    [{ type: 'typing', to: {}, on: true }, /to/],
    [{ type: 'typing', to: { user: 'a' } }, /on/],
  ])('%j', (value, message) => {
    const { error } = parse({ ...value, ref: 'r' });
    expect(error?.code).toBe('invalid');
    expect(error?.message).toMatch(message);
    expect(error?.ref).toBe('r');
  });
});

describe('ref', () => {
  it('is any string of at most 64 characters', () => {
    for (const ref of ['', 'x'.repeat(64), '🍜'.repeat(64), '"\\\n'])
      expect(parse({ type: 'ping', ref }).frame?.ref).toBe(ref);
  });

  it('is nothing else', () => {
    for (const ref of [5, null, {}, ['r'], 'x'.repeat(65), '🍜'.repeat(65), 'x'.repeat(5000)]) {
      const { error } = parse({ type: 'ping', ref });
      expect(error?.code).toBe('invalid');
      expect(error?.message).toMatch(/^ref /);
      expect(error).not.toHaveProperty('ref');
    }
  });

  it('is read from frames that are dropped', () => {
    expect(refOf('{"type":"x","ref":"r"}')).toBe('r');
    expect(refOf('{"ref":7}')).toBeUndefined();
    expect(refOf('null')).toBeUndefined();
    expect(refOf('{')).toBeUndefined();
  });
});
