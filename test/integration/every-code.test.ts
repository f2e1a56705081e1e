import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEM_CODES } from '../../src/http/problem.ts';
import { CLOSE_CODES, ERROR_CODES } from '../../src/protocol/codes.ts';
import { Client, type ClientOptions } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

/** Every code of the contract, seen at least once from a real process. What each test saw is gathered at the end. */
describe('every code of the contract', () => {
  const closes = new Set<number>();
  const errors = new Set<string>();
  const problems = new Set<string>();
  let cluster: Cluster;
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({
      redis,
      nodes: 1,
      env: {
        AUTH_TIMEOUT_MS: '500',
        MAX_CONNECTIONS_PER_USER: '2',
        FRAME_RATE: '5',
        FRAME_BURST: '10',
        MAX_WATCHES: '10',
        MAX_PLACES_PER_CONNECTION: '1',
        MAX_FRAME_BYTES: '2048',
        REDIS_COMMAND_TIMEOUT_MS: '600',
      },
    });
    // Nearly full, and easily annoyed.
    await cluster.addNode({ MAX_CONNECTIONS: '1', HTTP_RATE: '2' });
  });
  afterAll(async () => {
    await cluster?.stop();
    await redis?.stop();
  });

  const closed = async (client: {
    end(): Promise<unknown>;
    readonly closed: { code: number } | undefined;
  }) => {
    await client.end();
    closes.add(client.closed?.code ?? 0);
    return client.closed?.code;
  };
  const dial = (options: ClientOptions, node = 0): Client =>
    cluster.track(new Client(cluster.node(node).wsUrl, options));
  const problem = async (path: string, options: Parameters<Cluster['http']>[1]) => {
    const { status, json } = await cluster.http(path, options);
    if (status >= 400) problems.add(String(json.code));
    return [status, json.code];
  };

  it('1000, 1009, 4400, 4401, 4408, 4409 and 4429 close a socket', async () => {
    const bye = await cluster.connect('a');
    await bye.bye();
    expect(await closed(bye)).toBe(1000);

    const large = await cluster.connect('b');
    large.sendRaw(JSON.stringify({ type: 'ping', ref: 'x'.repeat(3000) }));
    expect(await closed(large)).toBe(1009);

    const binary = await cluster.connect('c');
    binary.socket.send(Buffer.from('{"type":"ping"}'));
    expect(await closed(binary)).toBe(4400);

    expect(await closed(dial({ token: 'nonsense', signIn: 'subprotocol' }))).toBe(4401);
    expect(await closed(dial({ signIn: 'none' }))).toBe(4408);

    const oldest = await cluster.connect('d');
    await cluster.connect('d');
    await cluster.connect('d');
    expect(await closed(oldest)).toBe(4409);

    const flooding = await cluster.connect('e');
    for (let n = 0; n < 60; n += 1) flooding.send({ type: 'ping' });
    expect(await closed(flooding)).toBe(4429);
    for (const { code } of flooding.of('error')) errors.add(code);
    expect(errors).toContain('rate_limited');
  });

  it('4403 closes one that a token or an operator forbids', async () => {
    const token = await cluster.token({ sub: 'f', scope: 'read' });
    expect(await closed(dial({ token, signIn: 'subprotocol' }))).toBe(4403);
    const client = await cluster.connect('g');
    const { status } = await cluster.http('/v1/users/g/disconnect', {
      method: 'POST',
      claims: { sub: 'ops', scope: 'admin' },
    });
    expect(status).toBe(204);
    expect(await closed(client)).toBe(4403);
  });

  it('1013 turns away, 1012 sends away', async () => {
    const first = await cluster.connect('h', { node: 1 });
    const token = await cluster.token({ sub: 'i' });
    expect(await closed(dial({ token, signIn: 'subprotocol' }, 1))).toBe(1013);
    await first.bye();
    const extra = await cluster.addNode({ DRAIN_WINDOW_MS: '200' });
    const staying = await cluster.connect('j', { node: 2 });
    extra.drain();
    expect(await closed(staying)).toBe(1012);
  });

  it('errors of frames', async () => {
    const client = await cluster.connect('k', { claims: { groups: ['g'] } });
    const asked = async (frame: object) => {
      const mark = client.mark;
      client.sendRaw(typeof frame === 'string' ? frame : JSON.stringify(frame));
      await client.until(() => client.of('error', mark).length > 0);
      const code = client.of('error', mark)[0]?.code ?? '';
      errors.add(code);
      return code;
    };
    client.sendRaw('nonsense');
    await client.until(() => client.of('error').length > 0);
    errors.add(client.of('error')[0]?.code ?? '');
    expect(client.of('error')[0]?.code).toBe('bad_frame');
    expect(await asked({ type: 'nonsense' })).toBe('unknown_type');
    expect(await asked({ type: 'activity', state: 'asleep' })).toBe('invalid');
    expect(await asked({ type: 'watch', tenant: true })).toBe('forbidden');
    expect(await asked({ type: 'watch', groups: ['foreign'] })).toBe('forbidden');
    expect(await asked({ type: 'auth', token: 'nonsense' })).toBe('unauthorized');
    const users = Array.from({ length: 11 }, (_, n) => `u${n}`);
    expect(await asked({ type: 'watch', users })).toBe('too_many_watches');
    const visitor = await cluster.connect('visitor');
    expect(await visitor.ask({ type: 'enter', place: 'one' })).toMatchObject({ type: 'ack' });
    const refused = await visitor.ask({ type: 'enter', place: 'two' });
    expect(refused).toMatchObject({ type: 'error', code: 'too_many_places' });
    errors.add('too_many_places');
  });

  it('problems of calls', async () => {
    expect(await problem('/v1/presence/online?limit=0', {})).toEqual([400, 'invalid']);
    expect(await problem('/v1/presence/me', { token: 'nonsense' })).toEqual([401, 'unauthorized']);
    expect(await problem('/v1/presence/online', { claims: { sub: 'l' } })).toEqual([403, 'forbidden']);
    expect(await problem('/v1/nowhere', {})).toEqual([404, 'not_found']);
    const write = { claims: { sub: 'svc', scope: 'write' }, method: 'PUT' } as const;
    for (let n = 0; n < 8; n += 1) {
      const { status } = await cluster.http(`/v1/presence/users/m/claims/s${n}`, {
        ...write,
        body: { status: 'busy' },
      });
      expect(status).toBe(200);
    }
    expect(await problem('/v1/presence/users/m/claims/s8', { ...write, body: { status: 'busy' } })).toEqual([
      409,
      'too_many_claims',
    ]);
    const late = { status: 'busy', at: new Date(Date.now() - 7_200_000).toISOString() };
    expect(await problem('/v1/presence/users/m/claims/s7', { ...write, body: late })).toEqual([
      409,
      'outdated',
    ]);
    const own = { claims: { sub: 'n' }, method: 'PUT', body: { ttlSeconds: 60 } } as const;
    for (let n = 0; n < 16; n += 1) {
      expect((await cluster.http(`/v1/presence/me/sessions/s${n}`, own)).status).toBe(200);
    }
    expect(await problem('/v1/presence/me/sessions/s16', own)).toEqual([409, 'too_many_sessions']);
    const place = (n: number) => `/v1/presence/me/sessions/s0/places/p${n}`;
    const visit = { claims: { sub: 'n' }, method: 'PUT', body: {} } as const;
    let refused: unknown[] = [];
    for (let n = 0; n <= 64 && refused[0] !== 409; n += 1) refused = await problem(place(n), visit);
    expect(refused).toEqual([409, 'too_many_places']);
    const huge = { ...own, body: { status: 'busy', text: 'x'.repeat(20_000) } };
    expect(await problem('/v1/presence/me/status', huge)).toEqual([413, 'too_large']);
    await until(
      async () => (await problem('/v1/presence/me', { claims: { sub: 'o' }, node: 1 }))[1] === 'rate_limited',
    );
  });

  it('timeout of a call whose body does not arrive', async () => {
    const socket = connect(cluster.node().port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    const token = await cluster.token({ sub: 'slow', scope: 'read' });
    socket.write(
      `POST /v1/presence/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    await until(() => answer.includes('}'), { what: 'an answer to half a call', timeoutMs: 30_000 });
    expect(answer).toContain(' 408 ');
    problems.add(String(/"code":"(\w+)"/.exec(answer)?.[1]));
    socket.destroy();
  });

  it('unavailable, in frames and calls, while Redis does not answer', async () => {
    const client = await cluster.connect('p');
    await redis.kill();
    expect(await problem('/v1/presence/users/q', {})).toEqual([503, 'unavailable']);
    expect(await client.ask({ type: 'status', status: 'busy' })).toMatchObject({ code: 'unavailable' });
    errors.add('unavailable');
  });

  it('were all seen', () => {
    expect([...closes].sort()).toEqual(Object.keys(CLOSE_CODES).map(Number).sort());
    expect([...errors].sort()).toEqual(Object.keys(ERROR_CODES).sort());
    // `internal` is what nobody may ever see.
    expect([...problems].sort()).toEqual(PROBLEM_CODES.filter((code) => code !== 'internal').sort());
  });
});
