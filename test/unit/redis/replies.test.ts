import { describe, expect, it } from 'vitest';
import { UnexpectedReply } from '../../../src/redis/functions.ts';
import { decodeCursor, encodeCursor } from '../../../src/store/cursor.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { decodeApply, decodeBeat, decodeSelf } from '../../../src/store/redis/decode.ts';

const VER = 1_767_225_600_123_456;

/** What Redis answers is checked: a reply nobody expects throws instead of becoming a wrong status. */
describe('a reply', () => {
  it.each([
    ['nothing', null],
    ['a text', 'ok'],
    ['too little', [0, 'gen']],
    ['no generation', [0, null, 0, '0', 0, '1', '0']],
    ['no clock', [0, 'gen', 0, '0', 0, '', '0']],
    ['a word for a number', [0, 'gen', 0, 'soon', 0, '1', '0']],
  ])('of `beat` that is %s throws', (_, reply) => {
    expect(() => decodeBeat(reply)).toThrow(UnexpectedReply);
  });

  it.each([
    ['nothing', null],
    ['an unknown word', ['perhaps']],
    ['no clock', ['ok', '', []]],
    ['no list', ['ok', '1', null]],
    ['an unknown position', ['ok', '1', [], 7, `o${VER} 0 1 0`]],
    ['a user without a line', ['ok', '1', [], 0]],
  ])('of `apply` that is %s throws', (_, reply) => {
    expect(() => decodeApply(reply as never, [{ user: 'ann' }])).toThrow(UnexpectedReply);
  });

  it.each([
    ['nothing', null],
    ['an unknown status', `x${VER} 0 1 0`],
    ['too short', `o${VER} 0 1`],
    ['a broken version', 'o1e15 0 1 0'],
  ])('about a user that is %s throws', (_, line) => {
    expect(() => decodeSelf('read', 'ann', line)).toThrow(UnexpectedReply);
  });

  it('keeps every digit', () => {
    expect(decodeSelf('read', 'ann', `a${VER},1767225600000 1767225600001 5 1`)).toEqual({
      view: {
        user: 'ann',
        status: 'away',
        ver: VER,
        since: 1_767_225_600_000,
        lastSeen: 1_767_225_600_001,
        devices: ['web', 'mobile'],
      },
      invisible: true,
    });
    expect(
      decodeBeat([1, 'g', 0, '60000', 1, String(VER), String(VER - 1), 1, String(VER - 2), '5']),
    ).toEqual({
      fenced: true,
      gen: 'g',
      lost: false,
      holdMs: 60_000,
      young: true,
      clock: VER,
      last: VER - 1,
      stuck: true,
      micros: VER - 2,
      shiftMs: 5,
    });
  });
});

describe('a cursor', () => {
  it('comes back as what it was made of, whatever the user id', () => {
    for (const user of ['ann', '', '"', '[1,2]', 'ü🚲', ' ']) {
      expect(decodeCursor(encodeCursor(3, user), 4)).toEqual({ partition: 3, after: user });
    }
  });

  it.each([
    ['of a larger deployment', encodeCursor(4, 'ann')],
    ['that is no list', Buffer.from('{"0":1}').toString('base64url')],
    ['with a broken number', Buffer.from('[1.5,"ann"]').toString('base64url')],
    ['with a negative number', Buffer.from('[-1,"ann"]').toString('base64url')],
    ['without a user', Buffer.from('[1]').toString('base64url')],
    ['that is nothing', ''],
    ['that is noise', '%%%'],
  ])('%s is refused', (_, cursor) => {
    expect(() => decodeCursor(cursor, 4)).toThrow(StoreError);
    expect(() => decodeCursor(cursor, 4)).toThrow(
      expect.objectContaining({ code: 'invalid_cursor' }) as Error,
    );
  });
});
