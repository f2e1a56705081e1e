import { describe, expect, it } from 'vitest';
import {
  clockOf,
  decodeMessage,
  decodeStreamEntry,
  streamId,
  UnknownEntry,
} from '../../../src/store/redis/log-codec.ts';

const event = (over: object = {}): string =>
  JSON.stringify({
    tenant: 'acme',
    user: 'ann',
    status: 'busy',
    previous: 'online',
    since: '2026-01-02T03:04:05.678Z',
    ver: 1_700_000_000_000_001,
    reason: 'claim',
    ...over,
  });
const SINCE = Date.parse('2026-01-02T03:04:05.678Z');

describe('what a partition publishes', () => {
  it('is a generation, the place before and its entries', () => {
    const claim = '{"type":"claim","tenant":"acme","user":"bob","claim":{"status":null,"stamp":12}}';
    const decoded = decodeMessage(
      ['gen', '5', '8', `7t3${event({ text: 'in a call' })}`, `8c0${claim}`].join('\n'),
    );
    expect(decoded).toMatchObject({ gen: 'gen', before: 5, last: 8 });
    expect(decoded.entries).toEqual([
      {
        id: 7,
        kind: 'transition',
        transition: {
          tenant: 'acme',
          user: 'ann',
          status: 'busy',
          previous: 'online',
          since: SINCE,
          ver: 1_700_000_000_000_001,
          reason: 'claim',
          text: 'in a call',
          devices: ['web', 'desktop'],
        },
      },
      {
        id: 8,
        kind: 'command',
        command: { type: 'claim', ref: { tenant: 'acme', user: 'bob' }, claim: { status: null, stamp: 12 } },
      },
    ]);
  });

  it('may tell what happens in places, beside transitions', () => {
    const place = {
      ...{
        tenant: 'acme',
        place: 'doc:7',
        user: 'ann',
        change: 'entered',
        since: '2026-01-02T03:04:05.678Z',
      },
      ...{ ver: 9, name: 'Ann', data: { hue: 'r\u2028', at: [1] }, reason: 'enter' },
    };
    const left = {
      tenant: 'acme',
      place: 'doc:7',
      user: 'ann',
      change: 'left',
      ver: 10,
      reason: 'disconnect',
    };
    const decoded = decodeMessage(
      ['gen', '5', '10', `9p0${JSON.stringify(place)}`, `10p0${JSON.stringify(left)}`].join('\n'),
    );
    expect(decoded.entries).toEqual([
      {
        ...{ id: 9, kind: 'place' },
        place: { ...place, since: SINCE, data: '{"hue":"r\u2028","at":[1]}' },
      },
      { id: 10, kind: 'place', place: { ...left, since: 0 } },
    ]);
  });

  it('may tell nodes that everybody, or one person, was put out of a place', () => {
    const all = { type: 'put_out', tenant: 'acme', place: 'doc:7', at: 3 };
    const one = { ...all, user: 'ann' };
    const { entries } = decodeMessage(`gen\n5\n8\n7c0${JSON.stringify(all)}\n8c0${JSON.stringify(one)}`);
    expect(entries.map((entry) => entry.kind === 'command' && entry.command)).toEqual([all, one]);
  });

  it.each(['\u2028', '\u2029', '\r', '\u0085', '"}\\n{"', '🚲'])('may hold %j in a text', (text) => {
    const line = `7t0${event({ text }).replace(JSON.stringify(text), `"${text.includes('"') || text === '\r' ? JSON.stringify(text).slice(1, -1) : text}"`)}`;
    const [entry] = decodeMessage(`gen\n0\n7\n${line}`).entries;
    expect(entry).toMatchObject({ transition: { text } });
  });

  it('may hold times of a claim and of the last activity', () => {
    const line = `7t0${event({ lastSeen: '2026-01-02T03:00:00.000Z', until: '2026-01-02T04:00:00.000Z' })}`;
    expect(decodeMessage(`gen\n0\n7\n${line}`).entries[0]).toMatchObject({
      transition: {
        lastSeen: Date.parse('2026-01-02T03:00:00.000Z'),
        until: Date.parse('2026-01-02T04:00:00.000Z'),
      },
    });
  });

  /** A release beside the next one must not stop at what only that one knows. */
  it('leaves out what later releases may add, and keeps its place', () => {
    const lines = [`6x0{"new":true}`, `7c0{"type":"later","tenant":"acme"}`, `8t0${event({ extra: 1 })}`];
    const decoded = decodeMessage(['gen', '5', '8', ...lines].join('\n'));
    expect(decoded.last).toBe(8);
    expect(decoded.entries.map(({ id }) => id)).toEqual([8]);
  });

  it.each(['', 'gen\n0\n7\nnonsense', 'gen\n0\n7\n7t0{broken}', 'gen\n0\n7\n7t0'])(
    'is refused when it is %j',
    (text) => {
      if (text === '') expect(decodeMessage(text).entries).toEqual([]);
      else expect(() => decodeMessage(text)).toThrow(SyntaxError);
    },
  );
});

describe('an entry of the log', () => {
  const fields = (more: Record<string, string>): string[] =>
    Object.entries({ k: 't', v: '1', e: event(), d: '5', ...more }).flat();

  it('is read from its fields, whatever their order, and keeps those it does not know out', () => {
    const entry = decodeStreamEntry('1700000000000-001', ['later', 'x', ...fields({})]);
    expect(entry).toMatchObject({ id: 1_700_000_000_000_001, transition: { devices: ['web', 'mobile'] } });
  });

  it('of a kind or command of a later release is told apart from one that is broken', () => {
    expect(() => decodeStreamEntry('1-0', fields({ k: 'x' }))).toThrow(UnknownEntry);
    expect(() => decodeStreamEntry('1-0', fields({ k: 'c', e: '{"type":"later"}' }))).toThrow(UnknownEntry);
    expect(() => decodeStreamEntry('1-0', fields({ e: '{' }))).toThrow(SyntaxError);
  });

  it('has an id that is a moment of the hybrid clock, both ways', () => {
    for (const clock of [0, 1, 999, 1000, 1_700_000_000_000_001, 2 ** 53 - 1]) {
      expect(clockOf(streamId(clock))).toBe(clock);
    }
    expect(clockOf('12')).toBe(12_000);
  });
});
