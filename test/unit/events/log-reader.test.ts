import { describe, expect, it } from 'vitest';
import { LogReader } from '../../../src/events/log-reader.ts';
import { clockOf, streamId } from '../../../src/store/redis/log-codec.ts';

const PAGE = 1000;
const json = (user: string): string =>
  `{"tenant":"acme","user":"${user}","status":"online","previous":"offline","since":"2026-01-01T00:00:00.000Z","ver":1,"reason":"connect"}`;

const KEYS = { meta: 'meta', log: 'log', placeLog: 'plog' };

/** The log as replay.lua shows it. */
class FakeLog {
  readonly asked: unknown[] = [];
  readonly entries: [string, string[]][] = [];
  held = 1;

  add(clock: number, fields: Record<string, string> = {}): void {
    const all = { k: 't', v: '1', e: json(`user${clock}`), d: '0', ...fields };
    this.entries.push([streamId(clock), Object.entries(all).flat()]);
  }

  async run(name: string, keys: readonly string[], args: readonly (string | number | Buffer)[]) {
    this.asked.push([name, ...keys, ...args]);
    const [after, count] = args.map(Number);
    const page = this.entries.filter(([id]) => clockOf(id) > (after ?? 0)).slice(0, count);
    return ['gen', this.held, page];
  }
}

describe('reading a log', () => {
  const read = async (log: FakeLog, after: number, isReplaceable = false) => {
    const ids: number[] = [];
    const pages: number[] = [];
    const onEntries = (entries: readonly { id: number }[], upTo: number): void => {
      ids.push(...entries.map(({ id }) => id));
      pages.push(upTo);
    };
    const whole = await new LogReader(log).read(KEYS, after, onEntries, isReplaceable);
    return { ids, pages, whole };
  };

  it('gives what comes after a position', async () => {
    const log = new FakeLog();
    for (const clock of [5, 6, 7]) log.add(clock);
    expect(await read(log, 5)).toEqual({ ids: [6, 7], pages: [7], whole: true });
    expect(log.asked).toEqual([['replay', 'meta', 'log', 'plog', 5, PAGE, 'sure']]);
  });

  it('asks otherwise where the entry of the position may have been replaced, and only then', async () => {
    const log = new FakeLog();
    for (let clock = 1; clock <= PAGE + 1; clock += 1) log.add(clock);
    await read(log, 1, true);
    expect(log.asked.map((asked) => (asked as string[]).at(-1))).toEqual(['replaced', 'sure']);
  });

  it('says that something may be missing when the position is gone', async () => {
    const log = new FakeLog();
    for (const clock of [6, 7]) log.add(clock);
    log.held = 0;
    expect(await read(log, 5)).toEqual({ ids: [6, 7], pages: [7], whole: false });
  });

  it('goes page by page, each entry once', async () => {
    const log = new FakeLog();
    for (let clock = 1; clock <= 2 * PAGE + 7; clock += 1) log.add(clock);
    const { ids, pages, whole } = await read(log, 1);
    expect(ids).toEqual(Array.from({ length: 2 * PAGE + 6 }, (_, i) => i + 2));
    expect(pages).toEqual([PAGE + 1, 2 * PAGE + 1, 2 * PAGE + 7]);
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
    const broken = { run: () => Promise.reject(new Error('away')) };
    await expect(new LogReader(broken).read(KEYS, 0, () => undefined, false)).rejects.toThrow('away');
  });
});
