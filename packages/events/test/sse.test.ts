import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseBlock, SseOverflow, SseParser } from '../src/sse.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const parse = (...chunks: (string | Uint8Array)[]): SseBlock[] => {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(typeof chunk === 'string' ? encode(chunk) : chunk));
};

/** The rules of the WHATWG over a whole text: slow, plain, and with nothing carried from chunk to chunk. */
const reference = (text: string): SseBlock[] => {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .slice(0, -1);
  const blocks: SseBlock[] = [];
  let fields: [string, string][] = [];
  for (const line of lines) {
    if (line !== '') {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      fields.push([name, value]);
      continue;
    }
    const last = (wanted: string, fits = (_: string): boolean => true): string | undefined =>
      fields.filter(([name, value]) => name === wanted && fits(value)).at(-1)?.[1];
    const data = fields.filter(([name]) => name === 'data').map(([, value]) => value);
    const id = last('id', (value) => !value.includes('\0'));
    const retry = last('retry', (value) => /^[0-9]+$/.test(value));
    const event = last('event') || 'message';
    if (data.length > 0 || id !== undefined || retry !== undefined)
      blocks.push({
        event,
        ...(data.length > 0 && { data: data.join('\n') }),
        ...(id !== undefined && { id }),
        ...(retry !== undefined && { retry: Number(retry) }),
      });
    fields = [];
  }
  return blocks;
};

/** Texts from what is special in the format, so that random ones meet its corners. */
const word = fc.constantFrom(
  ...[
    'data',
    'id',
    'event',
    'retry',
    ':',
    ': ',
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '7',
    'x',
    '🫖',
    'é',
    '\0',
    '\uFEFF',
  ],
);
const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(''));

const cutAt = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : (places[i - 1] ?? 0), end));
};

describe('the parser of server-sent events', () => {
  it('finds in any chunks what the rules find in the whole text', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(300), { maxLength: 12 }), (whole, cuts) => {
        expect(parse(...cutAt(encode(whole), cuts))).toEqual(reference(whole));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds the same byte by byte', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const bytes = encode(whole);
        expect(parse(...Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual(reference(whole));
      }),
      { numRuns: 500 },
    );
  });

  it('reads what a node sends, and reports ids in their place', () => {
    const sent =
      'retry: 1834\n\nid: a.b\nevent: cursor\ndata: {}\n\n:\n\nevent: transition\ndata: {"x":1}\n\nid: c\n\n';
    expect(parse(sent)).toEqual([
      { event: 'message', retry: 1834 },
      { event: 'cursor', data: '{}', id: 'a.b' },
      { event: 'transition', data: '{"x":1}' },
      { event: 'message', id: 'c' },
    ]);
  });

  it('ends a line at once at a CR, before it knows whether an LF follows', () => {
    const parser = new SseParser();
    expect(parser.push(encode('data: x\r\r'))).toEqual([{ event: 'message', data: 'x' }]);
    expect(parser.push(encode('\ndata: y\n\n'))).toEqual([{ event: 'message', data: 'y' }]);
  });

  it('reports an empty id, and ignores one with NUL and a retry that is no number', () => {
    expect(parse('id\n\nid: a\0b\nretry: 1x\ndata\n\n')).toEqual([
      { event: 'message', id: '' },
      { event: 'message', data: '' },
    ]);
  });

  it('refuses a block that never ends, and takes comments without end', () => {
    const parser = new SseParser();
    const piece = encode('x'.repeat(64 * 1024));
    for (let i = 0; i < 40; i += 1) {
      parser.push(encode(':'));
      parser.push(piece);
      parser.push(encode('\n'));
    }
    expect(() => {
      for (let i = 0; i < 40; i += 1) parser.push(piece);
    }).toThrow(SseOverflow);
    const lines = new SseParser();
    expect(() => {
      for (let i = 0; i < 40; i += 1) lines.push(encode(`data: ${'x'.repeat(64 * 1024)}\n`));
    }).toThrow(SseOverflow);
  });

  it('pays a long line by its length, however small the pieces', () => {
    const parser = new SseParser();
    const piece = encode('0123456789abcdef');
    const begun = performance.now();
    parser.push(encode('data:'));
    for (let i = 0; i < 60_000; i += 1) parser.push(piece);
    expect(parser.push(encode('\n\n'))[0]?.data?.length).toBe(960_000);
    // A search from the start of the line in each piece reads 29 GB.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
