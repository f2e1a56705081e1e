import { describe, expect, it } from 'vitest';
import { redisErrorCode, retryDelay } from '../../../src/redis/client.ts';
import fc from '../../support/fast-check.ts';

describe('the delay before the next attempt to connect', () => {
  it('begins at once, grows, and stays below a second and above half of what it may be', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (attempt, random) => {
          const delay = retryDelay(attempt, () => random);
          expect(delay).toBeLessThanOrEqual(1000);
          expect(delay).toBeGreaterThanOrEqual(retryDelay(attempt, () => 0));
          expect(retryDelay(attempt + 1, () => random)).toBeGreaterThanOrEqual(delay);
        },
      ),
    );
    expect(retryDelay(0, () => 0.5)).toBeLessThan(50);
    expect(retryDelay(99, () => 0)).toBe(500);
  });

  it('is another one for every node, so that they do not all come at once', () => {
    expect(retryDelay(9, () => 0.1)).not.toBe(retryDelay(9, () => 0.9));
  });
});

describe('the code of an error of Redis', () => {
  const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

  it.each([
    ['OOM command not allowed', 'OOM'],
    ['ERR Function not found', 'ERR'],
    ['TRYAGAIN Multiple keys', 'TRYAGAIN'],
    ['MOVED 1 host:1', 'MOVED'],
  ])('of `%s` is %s', (message, code) => {
    expect(redisErrorCode(reply(message))).toBe(code);
  });

  it('is none of anything else', () => {
    for (const other of [new Error('ERR not from Redis'), reply('lower case'), 'ERR', undefined, null]) {
      expect(redisErrorCode(other)).toBeUndefined();
    }
  });
});
