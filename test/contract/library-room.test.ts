import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { Library } from '../../src/store/redis/library.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();

/** What a library may still grow by: Lua refuses to compile a chunk with more than 200 locals, and then no node starts. */
const ROOM = 100;

it(`Redis would take the library with ${ROOM} more locals at its top`, async () => {
  const { source, name } = new Library();
  const locals = Array.from({ length: ROOM }, (_, n) => `local spare${n} = ${n}`).join('\n');
  const grown = `${source.replaceAll(name, `${name}_grown`)}\n${locals}`;
  const redis = new Redis(server.url());
  try {
    expect(await redis.call('FUNCTION', 'LOAD', 'REPLACE', grown)).toBe(`${name}_grown`);
  } finally {
    await redis.call('FUNCTION', 'DELETE', `${name}_grown`).catch(() => undefined);
    redis.disconnect();
  }
});
