import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { holds, until } from '../support/until.ts';

/** The faults the other tests inject must be real faults: a proxy that forwards everything would make them all pass. */
describe.skipIf(!hasRedisBinary)('the fault-injecting proxy', () => {
  let redis: RedisServer;
  let proxy: TcpProxy;
  const clients: Redis[] = [];
  const client = (): Redis => {
    const made = new Redis({
      host: '127.0.0.1',
      port: proxy.port,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 50,
    });
    made.on('error', () => undefined);
    clients.push(made);
    return made;
  };

  beforeAll(async () => {
    redis = await RedisServer.start();
    proxy = await TcpProxy.start(redis);
  });
  afterAll(async () => {
    for (const made of clients) made.disconnect();
    await proxy.stop();
    await redis.stop();
  });

  it('stalls only the subscriber, silently, and lets late bytes through when healed', async () => {
    const commands = client();
    const subscriber = client();
    const heard: string[] = [];
    subscriber.on('smessage', (_channel: string, text: string) => heard.push(text));
    await subscriber.ssubscribe('news');
    const [link, ...others] = proxy.subscribers;
    expect(others).toHaveLength(0);
    link?.stall('down');
    await commands.spublish('news', 'one');
    await holds(() => heard.length === 0, 300, 'silence');
    expect(subscriber.status).toBe('ready');
    expect(await commands.ping()).toBe('PONG');
    link?.heal();
    await until(() => heard.includes('one'));
  });

  it('cuts and refuses until healed', async () => {
    const commands = client();
    expect(await commands.ping()).toBe('PONG');
    proxy.cut();
    await until(() => commands.status !== 'ready');
    await holds(() => commands.status !== 'ready', 300, 'the cut');
    proxy.heal();
    await until(() => commands.status === 'ready');
    expect(await commands.ping()).toBe('PONG');
  });

  it('delays both ways', async () => {
    const commands = client();
    await commands.ping();
    proxy.delay(100);
    const before = performance.now();
    await commands.ping();
    expect(performance.now() - before).toBeGreaterThan(190);
    proxy.delay(0);
  });

  it('stands before a Redis that loses its data in a restart, unless it writes to disk', async () => {
    const durable = await RedisServer.start({ persistence: 'aof' });
    try {
      for (const server of [redis, durable]) {
        await server.call('SET', 'kept', '1');
        await server.restart();
      }
      expect(await redis.call('GET', 'kept')).toBeNull();
      expect(await durable.call('GET', 'kept')).toBe('1');
    } finally {
      await durable.stop();
    }
  });
});
