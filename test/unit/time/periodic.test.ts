import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Periodic } from '../../../src/time/periodic.ts';
import { gate } from '../node/fakes.ts';
import { freezeTime, pass, turn } from '../node/rig.ts';

describe('a periodic job', () => {
  let runs: number;
  let job: () => Promise<void>;
  let errors: unknown[];
  let periodic: Periodic;
  beforeEach(() => {
    freezeTime();
    runs = 0;
    errors = [];
    job = async () => undefined;
    periodic = new Periodic(
      100,
      () => performance.now(),
      () => {
        runs += 1;
        return job();
      },
      (error) => errors.push(error),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('runs at once and then in every period, however often it is started', async () => {
    periodic.start();
    periodic.start();
    await pass(1);
    expect(runs).toBe(1);
    await pass(200);
    expect(runs).toBe(3);
    await periodic.stop();
  });

  it('that takes long never runs twice at once, and goes on right after', async () => {
    const first = gate();
    job = () => first.promise;
    periodic.start();
    await pass(250);
    expect(runs).toBe(1);
    job = async () => undefined;
    first.resolve();
    await pass(1);
    expect(runs).toBe(2);
    await periodic.stop();
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('bad'))],
    [
      'throws',
      () => {
        throw new Error('bad');
      },
    ],
  ])('that %s goes on', async (_, bad) => {
    job = bad;
    periodic.start();
    await pass(101);
    expect(runs).toBe(2);
    expect(errors).toHaveLength(2);
    await periodic.stop();
  });

  it('has ended when stopping is done, and leaves no timer', async () => {
    const first = gate();
    job = () => first.promise;
    periodic.start();
    await pass(1);
    let stopped = false;
    const stopping = periodic.stop().then(() => {
      stopped = true;
    });
    await turn();
    expect(stopped).toBe(false);
    first.resolve();
    await stopping;
    await pass(500);
    expect(runs).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('started again while its last run is under way goes on once', async () => {
    const first = gate();
    job = () => first.promise;
    periodic.start();
    await pass(1);
    void periodic.stop();
    periodic.start();
    job = async () => undefined;
    first.resolve();
    await pass(301);
    expect(runs).toBe(4);
    await periodic.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
