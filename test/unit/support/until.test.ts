import { expect, it } from 'vitest';
import { holds, until } from '../../support/until.ts';

const quick = { timeoutMs: 30, everyMs: 5 };

it('gives the first value that is there', async () => {
  let looks = 0;
  expect(await until(() => (++looks === 3 ? 'found' : undefined), { everyMs: 5 })).toBe('found');
});

it('says which condition did not come true, what it gave last and what was seen', async () => {
  const frames = ['welcome', 'pong'];
  const waiting = until(() => frames.includes('ack'), { ...quick, what: 'an ack', saw: () => ({ frames }) });
  await expect(waiting).rejects.toThrow(
    /an ack did not come true within 30 ms: .*gave false and saw .*'pong'.*includes\(.ack.\)/s,
  );
});

it('says what the condition threw last, and keeps it as the cause', async () => {
  const failure = new TypeError('no such node');
  const error = await until(() => Promise.reject(failure), quick).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('threw TypeError: no such node');
  expect((error as Error).cause).toBe(failure);
});

it('still fails by its condition when looking fails', async () => {
  const saw = (): never => {
    throw new Error('gone');
  };
  await expect(until(() => null, { ...quick, saw })).rejects.toThrow(
    /gave null and could not look: Error: gone/,
  );
});

it('says when something stopped to hold', async () => {
  let count = 0;
  await expect(holds(() => ++count < 3, 5_000, 'silence')).rejects.toThrow(
    /silence stopped holding after \d+ of 5000 ms: .*count < 3/,
  );
});
