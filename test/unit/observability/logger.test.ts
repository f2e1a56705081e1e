import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/settings.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { scrubText, scrubUrl } from '../../../src/observability/scrub.ts';

const BODY = 'eyJzdWIiOiJhbm4ifQabcdefghijklmnopqrstuvwxyz0123456789_-';
const TOKEN = `v4.public.${BODY}.eyJraWQiOiJrNC5waWQuYSJ9`;
const OTHER = 'opaque-secret-of-another-kind';

const recorded = (): { logger: Logger; text: () => string; lines: () => Record<string, unknown>[] } => {
  const written: string[] = [];
  const logger = createLogger(
    { level: 'trace', node: 'n1', nodeName: 'left' },
    { write: (line) => written.push(line) },
  );
  const text = () => written.join('');
  return {
    logger,
    text,
    lines: () =>
      text()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
};

const servers: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('a line', () => {
  it('says which node wrote it, when and how urgently', () => {
    const { logger, lines } = recorded();
    logger.child({ part: 'feed' }).warn({ partition: 3 }, 'behind');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        name: 'rollcall',
        node: 'n1',
        nodeName: 'left',
        part: 'feed',
        partition: 3,
        msg: 'behind',
      },
    ]);
  });

  it('is not written below the level', () => {
    const written: string[] = [];
    const logger = createLogger({ level: 'warn', node: 'n1' }, { write: (line) => written.push(line) });
    logger.info('quiet');
    expect(written).toEqual([]);
  });
});

describe('a token', () => {
  const headers = {
    authorization: `Bearer ${OTHER}`,
    cookie: `session=${OTHER}`,
    'sec-websocket-protocol': `rollcall.v1, bearer.${OTHER}`,
    'user-agent': 'test',
  };

  it.each<[string, (logger: Logger) => void]>([
    ['in the message', (log) => log.info(`refused ${TOKEN}`)],
    ['in an argument of the message', (log) => log.info('refused %s', TOKEN)],
    ['in some field', (log) => log.info({ a: { b: { c: [`x ${TOKEN} y`] } } }, 'x')],
    ['as a key', (log) => log.info({ [TOKEN]: 1 }, 'x')],
    ['in a binding', (log) => log.child({ client: TOKEN }).info('x')],
    ['in a field called token', (log) => log.info({ token: OTHER, frame: { token: OTHER } }, 'x')],
    ['deep in a frame', (log) => log.info({ a: { b: { c: [{ token: `a"${OTHER}` }] } } }, 'x')],
    [
      'in a frame that is text',
      (log) => log.info({ frame: JSON.stringify({ type: 'auth', token: OTHER }) }, 'x'),
    ],
    ['behind bearer', (log) => log.info(`protocols rollcall.v1, bearer.${OTHER}`)],
    ['in a list of cookies', (log) => log.info({ 'Set-Cookie': [`a=${OTHER}`, `b=${OTHER}`] }, 'x')],
    ['in headers', (log) => log.info({ headers }, 'x')],
    ['in headers of a response', (log) => log.info({ upstream: { headers } }, 'x')],
    [
      'in a request',
      (log) => log.info({ req: { method: 'GET', url: `/v1/ws?token=${OTHER}`, headers } }, 'x'),
    ],
    ['in a URL', (log) => log.info({ url: `/v1/ws?device=web&token=${OTHER}` }, 'x')],
    ['in an error', (log) => log.error(new Error(`bad ${TOKEN}`), 'x')],
    ['in the error of a field', (log) => log.error({ err: new Error(`bad ${TOKEN}`) }, 'x')],
    [
      'in the cause of an error',
      (log) => log.error({ err: new Error('a', { cause: new Error(TOKEN) }) }, 'x'),
    ],
    [
      'in what hangs on an error',
      (log) => log.error({ err: Object.assign(new Error('a'), { command: { args: [OTHER] } }) }, 'x'),
    ],
    ['thrown as text', (log) => log.error({ err: TOKEN }, 'x')],
    ['thrown as something', (log) => log.error({ err: { message: OTHER } }, 'x')],
  ])('%s is not written', (_, log) => {
    const { logger, text } = recorded();
    log(logger);
    expect(text()).toMatch(/"msg"/);
    expect(text()).not.toContain(BODY);
    expect(text()).not.toContain(OTHER);
  });

  it('in settings is not written, nor is the password of Redis', () => {
    const { logger, text } = recorded();
    const settings = loadSettings({
      REDIS_URL: `redis://u:${OTHER}@host`,
      PASETO_KEYS: `k4.secret.${BODY}`,
      PASETO_SYMMETRIC_KEY: 'ab'.repeat(32),
    });
    logger.info({ settings }, 'settings');
    logger.info(settings, 'settings');
    expect(text()).not.toMatch(new RegExp(`${BODY}|${OTHER}|abab`));
    expect(text()).toContain('@host');
  });
});

describe('an error', () => {
  it('keeps its type, code, stack and causes, and only those', () => {
    const { logger, lines } = recorded();
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' });
    logger.error({ err: Object.assign(new Error('outer', { cause }), { command: 'x'.repeat(9) }) }, 'failed');
    expect(lines()[0]?.['err']).toEqual({
      type: 'Error',
      message: 'outer',
      stack: expect.stringContaining('outer'),
      cause: { type: 'TypeError', message: 'inner', code: 'ECONNRESET', stack: expect.any(String) },
    });
  });

  it('that causes itself ends', () => {
    const { logger, lines } = recorded();
    const error = new Error('loop');
    error.cause = error;
    logger.error(error);
    expect(lines()).toHaveLength(1);
  });
});

describe('behind Fastify', () => {
  it('nothing of a token in header, subprotocol or URL is written, the request is', async () => {
    const { logger, text, lines } = recorded();
    const app = Fastify({ loggerInstance: logger });
    servers.push(app);
    app.get('/v1/ws', async (request) => {
      request.log.info({ headers: request.headers, request }, 'seen');
      throw new Error(`no: ${request.url}`);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const path = `/v1/ws?device=web&token=${OTHER}&other=${encodeURIComponent(TOKEN).replaceAll('.', '%2E')}`;
    const status = await new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${TOKEN}`,
        cookie: `t=${OTHER}`,
        'sec-websocket-protocol': `rollcall.v1, bearer.${OTHER}`,
      };
      httpRequest({ port, path, headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(500);
    expect(lines().some((line) => line['msg'] === 'seen')).toBe(true);
    expect(text()).toContain('/v1/ws?device=web&token=[redacted]&other=v4.public.[redacted]');
    expect(text()).not.toContain(BODY);
    expect(text()).not.toContain(OTHER);
  });
});

describe('URLs', () => {
  it.each([
    ['/v1/ws', '/v1/ws'],
    ['/v1/ws?device=web', '/v1/ws?device=web'],
    ['/v1/ws?token=abc', '/v1/ws?token=[redacted]'],
    ['/v1/ws?a=1&ToKeN=abc&b=2', '/v1/ws?a=1&ToKeN=[redacted]&b=2'],
    ['/v1/ws?%74oken=abc', '/v1/ws?token=[redacted]'],
    ['/v1/ws?token', '/v1/ws?token=[redacted]'],
    ['/v1/ws?access_token=abc', '/v1/ws?access_token=[redacted]'],
    [`/x?q=${TOKEN}`, '/x?q=v4.public.[redacted]'],
    ['/x?q=v2%2Elocal%2Eabc', '/x?q=v2.local.[redacted]'],
    [`/x?${TOKEN}`, '/x?v4.public.[redacted]'],
    ['/x?q=V4.PUBLIC.abc', '/x?q=V4.public.[redacted]'],
    [`/x/${TOKEN}/y`, '/x/v4.public.[redacted]/y'],
    ['/x/v4%2Epublic%2Eabc', '/x/v4.public.[redacted]'],
    ['/v1/presence/users/a%2Fb?x=%zz', '/v1/presence/users/a%2Fb?x=%zz'],
    ['/x?a=b?token=abc', '/x?a=b?token=[redacted]'],
    ['', ''],
  ])('%s', (url, clean) => {
    expect(scrubUrl(url)).toBe(clean);
  });

  it('leaves ordinary text alone', () => {
    const text =
      'no bearer token: node v20.20.2 serves k4.public.abc, k4.pid.abc and v4.public to user:a@b on redis://h';
    expect(scrubText(text)).toBe(text);
  });
});
