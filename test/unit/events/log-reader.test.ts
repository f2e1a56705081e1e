import { describe, expect, it } from 'vitest';
import { LogReader } from '../../../src/events/log-reader.ts';
import { clockOf, streamId } from '../../../src/store/redis/log-codec.ts';

const PAGE = 1000;
const json = (user: string): string =>
  `{"tenant":"acme","user":"${user}","status":"online","previous":"offline","since":"2026-01-01T00:00:00.000Z","ver":1,"reason":"connect"}`;

/** A stream as XRANGE shows it. */
class FakeLog {
  readonly asked: (string | number)[][] = [];
  readonly entries: [string, string[]][] = [];
  trimmed = 0;

  add(clock: number, fields: Record<string, string> = {}): void {
    const all = { k: 't', v: '1', e: json(`user${clock}`), d: '0', ...fields };
    this.entries.push([streamId(clock), Object.entries(all).flat()]);
  }

  /** Forgets its oldest entries. */
  trim(count: number): void {
    this.entries.splice(0, count);
    this.trimmed += count;
  }

  async command(name: string, ...args: (string | number)[]) {
    this.asked.push([name, ...args]);
    if (name === 'EXISTS') return this.entries.length > 0 ? 1 : 0;
    if (name === 'XINFO')
      return ['length', this.entries.length, 'x', 1, 'entries-added', this.entries.length + this.trimmed];
    const from = clockOf(String(args[1]));
    return this.entries.filter(([id]) => clockOf(id) >= from).slice(0, Number(args[4]));
  }
}

describe('reading a log', () => {
  const read = async (log: FakeLog, after: number) => {
    const ids: number[] = [];
    const pages: number[] = [];
    const whole = await new LogReader(log).read('log', after, (entries, upTo) => {
      ids.push(...entries.map(({ id }) => id));
      pages.push(upTo);
    });
    return { ids, pages, whole };
  };

  it('gives what comes after a position, which it asks for as well: so it knows that nothing is missing', async () => {
    const log = new FakeLog();
    for (const clock of [5, 6, 7]) log.add(clock);
    expect(await read(log, 5)).toEqual({ ids: [6, 7], pages: [7], whole: true });
    expect(log.asked).toEqual([['XRANGE', 'log', '0-5', '+', 'COUNT', PAGE]]);
  });

  it('says that something may be missing when the position is gone', async () => {
    const log = new FakeLog();
    for (const clock of [6, 7]) log.add(clock);
    expect(await read(log, 5)).toEqual({ ids: [6, 7], pages: [7], whole: false });
    expect((await read(new FakeLog(), 5)).whole).toBe(false);
  });

  it('from the very beginning misses nothing, unless the log has forgotten its beginning', async () => {
    const log = new FakeLog();
    expect((await read(log, 0)).whole).toBe(true);
    log.add(6);
    log.add(7);
    expect(await read(log, 0)).toEqual({ ids: [6, 7], pages: [7], whole: true });
    log.trim(1);
    expect(await read(log, 0)).toEqual({ ids: [7], pages: [7], whole: false });
  });

  it('goes page by page, each entry once', async () => {
    const log = new FakeLog();
    for (let clock = 1; clock <= 2 * PAGE + 7; clock += 1) log.add(clock);
    const { ids, pages, whole } = await read(log, 1);
    expect(ids).toEqual(Array.from({ length: 2 * PAGE + 6 }, (_, i) => i + 2));
    expect(pages).toEqual([PAGE, 2 * PAGE - 1, 2 * PAGE + 7]);
    expect(whole).toBe(true);
  });

  it('passes over what it cannot read, and says that something is missing', async () => {
    const log = new FakeLog();
    log.add(5);
    log.add(6, { e: 'broken' });
    log.add(7);
    expect(await read(log, 5)).toEqual({ ids: [7], pages: [7], whole: false });
  });

  it('passes over what only later releases know, of which nothing is missed', async () => {
    const log = new FakeLog();
    log.add(5);
    log.add(6, { k: 'later' });
    expect(await read(log, 5)).toEqual({ ids: [], pages: [6], whole: true });
  });

  it('fails when the store does', async () => {
    const broken = { command: () => Promise.reject(new Error('away')) };
    await expect(new LogReader(broken).read('log', 0, () => undefined)).rejects.toThrow('away');
  });
});
