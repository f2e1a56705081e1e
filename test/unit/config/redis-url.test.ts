import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../../src/config/redis-url.ts';

describe('REDIS_URL', () => {
  it.each([
    ['redis://h', { topology: 'standalone', tls: false, hosts: [{ host: 'h', port: 6379 }], db: 0 }],
    [
      'rediss://me:p%40%3A%2F@[::1]:6380/12',
      {
        topology: 'standalone',
        tls: true,
        hosts: [{ host: '::1', port: 6380 }],
        username: 'me',
        password: 'p@:/',
        db: 12,
      },
    ],
    [
      'redis://:a:b@h',
      { topology: 'standalone', tls: false, hosts: [{ host: 'h', port: 6379 }], password: 'a:b', db: 0 },
    ],
    [
      'redis+sentinel://h,h2:1/mymaster',
      {
        topology: 'sentinel',
        tls: false,
        hosts: [
          { host: 'h', port: 26_379 },
          { host: 'h2', port: 1 },
        ],
        master: 'mymaster',
        db: 0,
      },
    ],
    [
      'redis+sentinel://me:p@h/m?sentinelUsername=s&sentinelPassword=p%26q',
      {
        topology: 'sentinel',
        tls: false,
        hosts: [{ host: 'h', port: 26_379 }],
        username: 'me',
        password: 'p',
        master: 'm',
        sentinelUsername: 's',
        sentinelPassword: 'p&q',
        db: 0,
      },
    ],
    [
      'rediss+cluster://u@h:7000,h2',
      {
        topology: 'cluster',
        tls: true,
        hosts: [
          { host: 'h', port: 7000 },
          { host: 'h2', port: 6379 },
        ],
        username: 'u',
        db: 0,
      },
    ],
  ])('reads %s', (url, read) => {
    expect(parseRedisUrl(url)).toEqual(read);
  });

  it.each([
    ['redis://h:6379,h2', 'names several hosts: use redis+sentinel:// or redis+cluster://'],
    ['redis+cluster://h,h2:x', 'must have host or host:port as its host number 2'],
    ['redis+sentinel://h', 'must end with the name of the master'],
    ['redis+cluster://h/2', 'must not choose a database'],
    ['redis://h?family=6', 'must end after the path'],
    ['redis+cluster://h?sentinelPassword=p', 'must end after the path'],
    ['redis+sentinel://h/m?password=p', 'may have ?sentinelUsername=… and &sentinelPassword=…'],
    ['redis+sentinel://h/m?sentinelPassword=', 'may have ?sentinelUsername=…'],
    ['redis+sentinel://h/m?sentinelPassword=a&sentinelPassword=b', 'each once'],
    ['redis://u:a@b@h', 'percent-encode'],
    ['postgres://h', 'must be one of redis://host:6379'],
  ])('says what would be right instead of %s', (url, message) => {
    expect(() => parseRedisUrl(url)).toThrow(message);
  });
});
