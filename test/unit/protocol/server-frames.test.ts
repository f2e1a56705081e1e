import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, ERROR_CODES, type ErrorCode } from '../../../src/protocol/codes.ts';
import {
  ackFrame,
  degradedFrame,
  errorFrame,
  goneFrame,
  pongFrame,
  reconnectFrame,
  welcomeFrame,
} from '../../../src/protocol/server-frames.ts';

const NASTY = '"\\\u2028\n🍜';

describe('server frames', () => {
  it('are the JSON of the contract', () => {
    const welcome = {
      user: 'anna',
      tenant: 'acme',
      expiresAt: '2026-11-21T12:00:00.000Z',
      idleAfterMs: 1,
      pingIntervalMs: 2,
      pingTimeoutMs: 3,
      graceMs: 4,
      limits: {
        frameBytes: 5,
        frameRate: 6,
        frameBurst: 7,
        watches: 8,
        place: { rate: 9, burst: 1, dataBytes: 2, places: 3 },
      },
      serverTime: '2026-11-21T11:00:00.000Z',
      self: { status: 'offline', invisible: true },
      ref: NASTY,
    } as const;
    expect(JSON.parse(welcomeFrame(welcome))).toEqual({ type: 'welcome', ...welcome });
    expect(JSON.parse(goneFrame({ users: [NASTY], tenant: true }))).toEqual({
      type: 'gone',
      users: [NASTY],
      tenant: true,
    });
    expect(JSON.parse(ackFrame(NASTY))).toEqual({ type: 'ack', ref: NASTY });
    expect(JSON.parse(ackFrame(undefined))).toEqual({ type: 'ack' });
    expect(JSON.parse(pongFrame(undefined))).toEqual({ type: 'pong' });
    expect(JSON.parse(pongFrame('r'))).toEqual({ type: 'pong', ref: 'r' });
    expect(JSON.parse(reconnectFrame(12.7))).toEqual({ type: 'reconnect', afterMs: 13 });
    expect(JSON.parse(degradedFrame(true))).toEqual({ type: 'degraded', on: true });
    expect(JSON.parse(errorFrame('invalid', NASTY, NASTY))).toEqual({
      type: 'error',
      code: 'invalid',
      message: NASTY,
      ref: NASTY,
    });
    const refused = { users: [NASTY], groups: ['g'] };
    expect(JSON.parse(errorFrame('forbidden', NASTY, '2', refused))).toEqual({
      type: 'error',
      code: 'forbidden',
      message: NASTY,
      ref: '2',
      ...refused,
    });
  });
});

describe('tables of codes', () => {
  it('hold exactly those of the contract', () => {
    expect(Object.keys(CLOSE_CODES).map(Number)).toEqual([
      1000, 1009, 1012, 1013, 4400, 4401, 4403, 4408, 4409, 4429,
    ]);
    const codes: ErrorCode[] = [
      'bad_frame',
      'unknown_type',
      'invalid',
      'forbidden',
      'unauthorized',
      'rate_limited',
      'too_many_watches',
      'too_many_places',
      'unavailable',
    ];
    expect(Object.keys(ERROR_CODES)).toEqual(codes);
  });
});
