import { beforeEach, describe, expect, it } from 'vitest';
import { Waiter } from '../../../src/node/waiter.ts';

describe('a request that waits for a user to be stored', () => {
  let said: string[];
  let waiter: Waiter;
  beforeEach(() => {
    said = [];
    waiter = new Waiter(
      () => said.push('stored'),
      () => said.push('expired'),
    );
  });

  it('that was answered does not expire', () => {
    expect(waiter.settled).toBe(false);
    waiter.store();
    waiter.store();
    waiter.expire();
    expect(said).toEqual(['stored']);
    expect(waiter.settled).toBe(true);
  });

  it('that expired takes no answer', () => {
    waiter.expire();
    waiter.store();
    expect(said).toEqual(['expired']);
  });
});
