import { describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../../../src/protocol/codes.ts';
import { World } from '../support/world.ts';

/** Longest first delay after a close, ms; or why it stops. */
const EXPECTED: Readonly<Record<number, number | string>> = {
  1000: 'signed_out',
  1001: 1_000,
  1006: 1_000,
  1009: 16_000,
  1011: 1_000,
  1012: 2_000,
  1013: 8_000,
  4400: 'protocol_error',
  4403: 'forbidden',
  4408: 1_000,
  4409: 'replaced',
  4429: 16_000,
};

describe('after a close', () => {
  it.each(Object.entries(EXPECTED))('%s', (code, expected) => {
    const delays: number[] = [];
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = new World(seed);
      world.connect();
      world.lose(Number(code));
      const { link } = world.state;
      if (typeof expected === 'string') expect(link).toMatchObject({ at: 'stopped', reason: expected });
      else {
        if (link.at !== 'waiting') throw new Error(`it is ${link.at}`);
        delays.push(link.until - world.now);
      }
    }
    if (typeof expected === 'string') return;
    expect(Math.max(...delays)).toBeLessThanOrEqual(expected);
    expect(Math.max(...delays)).toBeGreaterThan(expected * 0.7);
    expect(Math.min(...delays)).toBeLessThan(Math.max(150, expected * 0.3));
  });

  it('every code of the protocol is decided here', () => {
    for (const code of Object.keys(CLOSE_CODES)) expect([...Object.keys(EXPECTED), '4401']).toContain(code);
  });

  it('4401: another token at once, and the end when that is refused, too', () => {
    const world = new World();
    world.connect();
    world.lose(4401);
    expect(world.requests.length).toBe(1);
    world.answerToken('another');
    expect(world.state.link.at).toBe('dialling');
    world.lose(4401);
    expect(world.state.link).toMatchObject({ at: 'stopped', reason: 'unauthorized' });
  });

  it('4401: the same token again is the end', () => {
    const world = new World();
    world.connect();
    world.lose(4401);
    world.answerToken('token');
    expect(world.state.link).toMatchObject({ at: 'stopped', reason: 'unauthorized' });
  });

  it('comes back exactly when the service said, whatever the page does', () => {
    const world = new World();
    world.connect();
    world.frame({ type: 'reconnect', afterMs: 1_234 });
    world.lose(1012);
    world.do({ type: 'page', event: 'visible' });
    world.do({ type: 'page', event: 'online' });
    expect(world.state.link).toMatchObject({ at: 'waiting', until: 1_234 });
    world.pass(1_233);
    expect(world.dials).toBe(1);
    world.pass(1);
    expect(world.dials).toBe(2);
  });

  it('delays grow until a connection has lasted, not with the first welcome', () => {
    const world = new World();
    const loseSoon = (): number => {
      world.connect();
      world.lose(1006);
      return world.state.attempt;
    };
    expect([loseSoon(), loseSoon(), loseSoon()]).toEqual([1, 2, 3]);
    world.connect();
    world.pass(10_000);
    world.lose(1006);
    expect(world.state.attempt).toBe(1);
  });

  it('the application has the last word', () => {
    const world = new World(1, { decide: () => ({ next: 'retry', delayMs: 5 }) });
    world.connect();
    world.lose(4409);
    expect(world.state.link).toMatchObject({ at: 'waiting', until: 5 });
  });
});
