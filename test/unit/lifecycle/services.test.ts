import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Service, Services, StartAborted } from '../../../src/lifecycle/service.ts';

describe('the parts of a process', () => {
  let done: string[];
  let logged: string[];
  beforeEach(() => {
    vi.useFakeTimers();
    done = [];
    logged = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const part = (name: string, over: Partial<Service> = {}): Service => ({
    name,
    start: async () => {
      done.push(`start ${name}`);
    },
    stop: async () => {
      done.push(`stop ${name}`);
    },
    ...over,
  });
  const build = (...parts: Service[]): Services =>
    new Services(parts, {
      debug: () => undefined,
      error: (fields, message) => logged.push(`${'part' in fields ? fields.part : ''} ${message}`),
    });
  const never = (): Promise<void> => new Promise(() => undefined);
  const fails = async (): Promise<void> => {
    throw new Error('broken');
  };

  it('start one after another and stop in reverse', async () => {
    const services = build(part('a'), part('b'), part('c'));
    await services.start(1000);
    await services.stop(1000);
    expect(done).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
    expect(logged).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are started and stopped once, and every caller waits for it', async () => {
    const services = build(part('a', { stop: () => new Promise((resolve) => setTimeout(resolve, 100)) }));
    await Promise.all([services.start(1000), services.start(1000)]);
    expect(done).toEqual(['start a']);
    const second = vi.fn();
    const stopping = services.stop(1000);
    void services.stop(1000).then(second);
    await vi.advanceTimersByTimeAsync(50);
    expect(second).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(50);
    await stopping;
    expect(second).toHaveBeenCalled();
  });

  it('that cannot start take those before them down again', async () => {
    const services = build(part('a'), part('b'), part('c', { start: fails }), part('d'));
    await expect(services.start(1000)).rejects.toThrow('broken');
    expect(done).toEqual(['start a', 'start b', 'stop c', 'stop b', 'stop a']);
  });

  it('that throw when stopping do not keep the others from it', async () => {
    const throws = (): void => {
      throw new Error('at once');
    };
    const services = build(part('a'), part('b', { stop: fails }), part('c', { stop: throws }));
    await services.start(1000);
    await services.stop(1000);
    expect(done.slice(2)).toEqual(['start c', 'stop a']);
    expect(logged).toEqual(['c could not stop', 'b could not stop']);
  });

  it('that hang are left behind at the deadline, which is one for all; the rest is told to stop', async () => {
    const services = build(part('a'), part('b', { stop: never }), part('c', { stop: never }), part('d'));
    await services.start(1000);
    const stopped = vi.fn();
    void services.stop(1000).then(stopped);
    await vi.advanceTimersByTimeAsync(990);
    expect(stopped).not.toHaveBeenCalled();
    expect(done.at(-1)).toBe('stop d');
    await vi.advanceTimersByTimeAsync(10);
    expect(stopped).toHaveBeenCalled();
    expect(done.at(-1)).toBe('stop a');
    expect(logged.slice(0, 2)).toEqual(['c did not stop in time', 'b did not stop in time']);
  });

  it('stopped while they start: the one under way is stopped, the rest never starts', async () => {
    let connected = (): void => undefined;
    const slow = part('b', { start: () => new Promise((resolve) => (connected = resolve)) });
    const services = build(part('a'), slow, part('c'));
    const starting = services.start(1000);
    const outcome = expect(starting).rejects.toThrow(StartAborted);
    await vi.advanceTimersByTimeAsync(1);
    await services.stop(1000);
    connected();
    await outcome;
    expect(done).toEqual(['start a', 'stop b', 'stop a']);
  });
});
