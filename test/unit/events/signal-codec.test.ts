import { describe, expect, it } from 'vitest';
import type { Signal, TypingSignal } from '../../../src/events/feed.ts';
import { carrierOf, decodeSignal, encodeSignal, isSignal } from '../../../src/events/signal-codec.ts';

const typing: TypingSignal = {
  type: 'typing',
  tenant: 'acme',
  from: 'ann "ü"',
  to: { user: 'bob\u2028' },
  on: true,
  groups: ['g1', 'g 2'],
};

describe('a signal on the channel of a partition', () => {
  it.each<Signal>([
    typing,
    { ...typing, to: { group: 'g1' }, on: false, groups: [] },
    { type: 'silence', tenant: 'acme', from: 'ann "ü"' },
  ])('comes out as it went in: %j', (signal) => {
    const text = encodeSignal(signal);
    expect(isSignal(text)).toBe(true);
    expect(decodeSignal(text)).toEqual(signal);
  });

  it('is told apart from entries of the log, whatever the generation is called', () => {
    for (const gen of ['memory', '_-aZ09', '{'.codePointAt(0)?.toString(36)]) {
      expect(isSignal(`${gen}\n0\n7\n7t0{}`)).toBe(false);
    }
    expect(isSignal('')).toBe(false);
  });

  it('of a later release is passed over', () => {
    expect(decodeSignal('{"type":"wave","from":"ann"}')).toBeUndefined();
  });

  it.each([
    { ...typing, type: 7 },
    { ...typing, tenant: 'a:b' },
    { type: 'silence', tenant: 'acme', from: '' },
    { ...typing, from: '' },
    { ...typing, on: 'yes' },
    { ...typing, to: {} },
    { ...typing, to: null },
    { ...typing, to: { user: '..' } },
    { ...typing, groups: 'g1' },
    { ...typing, groups: [''] },
    { ...typing, groups: Array.from({ length: 65 }, (_, i) => `g${i}`) },
    {},
  ])('is refused when it is %j', (value) => {
    expect(() => decodeSignal(JSON.stringify(value))).toThrow(SyntaxError);
  });

  it('goes with the partition of whom it is for, to a group with that of the sender', () => {
    expect(carrierOf(typing)).toEqual({ tenant: 'acme', user: 'bob\u2028' });
    expect(carrierOf({ ...typing, to: { group: 'g1' } })).toEqual({ tenant: 'acme', user: 'ann "ü"' });
  });

  it('that somebody types no more goes with their transitions, ahead of the one that it announces', () => {
    expect(carrierOf({ type: 'silence', tenant: 'acme', from: 'ann' })).toEqual({
      tenant: 'acme',
      user: 'ann',
    });
  });
});
