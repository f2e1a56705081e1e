import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FRAME_TYPES } from '../../../src/protocol/client-frames.ts';
import { parseClientFrame } from '../../../src/protocol/parse-frame.ts';

const PAGE = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const NOW = Date.parse('2026-11-21T12:00:00Z');

const chapter = (title: string): string => PAGE.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

/** Headings of a chapter, and the JSON below each: one object a block, or one a line. */
const examples = (title: string): Map<string, unknown[]> => {
  const found = new Map<string, unknown[]>();
  for (const part of chapter(title).split('\n### ').slice(1)) {
    const names = [...(part.split('\n', 1)[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '');
    const blocks = [...part.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
      const lines = block.trim().split('\n');
      const each = lines.every((line) => line.startsWith('{') && line.endsWith('}'));
      return (each ? lines : [block]).map((text) => JSON.parse(text) as unknown);
    });
    for (const name of names) found.set(name, blocks);
  }
  return found;
};

describe('the page of the protocol', () => {
  const sent = examples('What a client sends');
  const received = examples('What the server sends');

  it('has every frame a client may send', () => {
    expect([...sent.keys()].sort()).toEqual([...FRAME_TYPES].sort());
    for (const type of FRAME_TYPES) {
      expect(sent.get(type), type).not.toEqual([]);
    }
  });

  it('shows only frames that are accepted', () => {
    for (const [type, frames] of sent) {
      for (const frame of frames) {
        expect(frame).toMatchObject({ type });
        expect(parseClientFrame(JSON.stringify(frame), NOW).error).toBeUndefined();
      }
    }
  });

  it('has every frame the server sends, with an example', () => {
    const types = [
      'welcome',
      'self',
      'presence',
      'members',
      'place',
      'count',
      'gone',
      'typing',
      'ack',
      'pong',
      'reconnect',
      'degraded',
      'error',
    ];
    expect([...received.keys()].sort()).toEqual([...types].sort());
    for (const type of types) {
      expect(
        received.get(type)?.some((frame) => (frame as { type: string }).type === type),
        type,
      ).toBe(true);
    }
  });
});
