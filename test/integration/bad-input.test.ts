import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { holds } from '../support/until.ts';

const LONG_ID = 'x'.repeat(129);

/** What a client may send wrong, and the code that answers it. */
const TABLE: [name: string, data: string, code: string][] = [
  ['not JSON', 'hello', 'bad_frame'],
  ['half of a frame', '{"type":"ping"', 'bad_frame'],
  ['nothing', '', 'bad_frame'],
  ['a list', '[{"type":"ping"}]', 'bad_frame'],
  ['a string', '"ping"', 'bad_frame'],
  ['null', 'null', 'bad_frame'],
  ['a number', '7', 'bad_frame'],
  ['an unknown type', '{"type":"dance"}', 'unknown_type'],
  ['a type every object has', '{"type":"constructor"}', 'unknown_type'],
  ['a server frame', '{"type":"presence","users":[]}', 'unknown_type'],
  ['no type', '{}', 'unknown_type'],
  ['a type that is not text', '{"type":{"type":"ping"}}', 'unknown_type'],
  ['a watch of nothing', '{"type":"watch"}', 'invalid'],
  ['a watch of no list', '{"type":"watch","users":"ann"}', 'invalid'],
  ['a watch of numbers', '{"type":"watch","users":[1]}', 'invalid'],
  ['a watch of an empty id', '{"type":"watch","users":[""]}', 'invalid'],
  ['a watch of `.`', '{"type":"watch","users":["."]}', 'invalid'],
  ['a watch of `..`', '{"type":"watch","users":[".."]}', 'invalid'],
  ['a watch of control characters', '{"type":"watch","users":["a\\u0000b"]}', 'invalid'],
  ['a watch of a long id', `{"type":"watch","users":["${LONG_ID}"]}`, 'invalid'],
  ['a watch of tenant false', '{"type":"watch","tenant":false}', 'invalid'],
  ['a tenant by name', '{"type":"watch","tenant":"red"}', 'invalid'],
  ['an unwatch of no list', '{"type":"unwatch","users":{}}', 'invalid'],
  ['an unknown activity', '{"type":"activity","state":"asleep"}', 'invalid'],
  ['an activity without state', '{"type":"activity"}', 'invalid'],
  ['an unknown status', '{"type":"status","status":"dancing"}', 'invalid'],
  ['a status nobody may set', '{"type":"status","status":"offline"}', 'invalid'],
  ['no status', '{"type":"status"}', 'invalid'],
  ['a long text', `{"type":"status","status":"busy","text":"${'t'.repeat(141)}"}`, 'invalid'],
  ['a text that is not text', '{"type":"status","status":"busy","text":7}', 'invalid'],
  ['an end in the past', '{"type":"status","status":"busy","until":"2001-01-01T00:00:00.000Z"}', 'invalid'],
  ['an end that is no time', '{"type":"status","status":"busy","until":"tomorrow"}', 'invalid'],
  ['an auth without token', '{"type":"auth"}', 'invalid'],
  ['an auth with a number', '{"type":"auth","token":7}', 'invalid'],
  ['a long ref', `{"type":"watch","users":["ann"],"ref":"${'r'.repeat(65)}"}`, 'invalid'],
  ['a ref that is not text', '{"type":"watch","users":["ann"],"ref":1}', 'invalid'],
];

describe('abuse is contained: bad frames', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: { MAX_FRAME_BYTES: '8192', MAX_WATCHES: '50', TENANT_WATCH_MAX: '3' },
    });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const works = async (client: Client): Promise<void> => {
    const mark = client.mark;
    client.send({ type: 'ping' });
    await client.until(() => client.first('pong', mark), { what: 'a pong after the error' });
  };

  it.each(TABLE)('%s is answered with an error, and the connection goes on', async (_name, data, code) => {
    const client = await cluster.connect('ann');
    client.sendRaw(data);
    const error = await client.until(() => client.first('error'), { what: 'an error' });
    expect(error.code).toBe(code);
    expect(error.message).not.toBe('');
    expect(JSON.stringify(error)).not.toContain(LONG_ID);
    await works(client);
    expect(client.of('error')).toHaveLength(1);
  });

  it('the error repeats the ref', async () => {
    const client = await cluster.connect('ann');
    client.sendRaw('{"type":"watch","users":"ann","ref":"mine"}');
    expect(await client.until(() => client.first('error'))).toMatchObject({ ref: 'mine' });
  });

  it('the tenth bad frame within a minute closes with 4400', async () => {
    const client = await cluster.connect('ann');
    for (let i = 0; i < 9; i++) client.sendRaw('nonsense');
    await client.until(() => client.of('error').length === 9);
    await works(client);
    client.sendRaw('nonsense');
    expect(await client.end()).toBe(4400);
  });

  it('a binary frame closes with 4400', async () => {
    const client = await cluster.connect('ann');
    client.sendRaw(Buffer.from('{"type":"ping"}'));
    expect(await client.end()).toBe(4400);
  });

  it('a frame over MAX_FRAME_BYTES closes with 1009, one just under it is read', async () => {
    const client = await cluster.connect('ann');
    client.sendRaw(JSON.stringify({ type: 'ping', pad: 'p'.repeat(8_100) }));
    await works(client);
    client.sendRaw(JSON.stringify({ type: 'ping', pad: 'p'.repeat(8_200) }));
    expect(await client.end()).toBe(1009);
  });

  it('a watch that is not allowed or too large registers nothing', async () => {
    const client = await cluster.connect('ann');
    expect(await client.ask({ type: 'watch', tenant: true })).toMatchObject({ code: 'forbidden' });
    // Together with something allowed: all of it or nothing.
    expect(await client.ask({ type: 'watch', users: ['bob'], tenant: true })).toMatchObject({
      code: 'forbidden',
    });
    const many = Array.from({ length: 51 }, (_, i) => `u${i}`);
    expect(await client.ask({ type: 'watch', users: ['bob', ...many] })).toMatchObject({
      code: 'too_many_watches',
    });
    await cluster.connect('bob');
    await holds(() => client.history('bob').length === 0, 400, 'silence about bob');
    await client.watch({ users: many.slice(0, 50) });
    expect(await client.ask({ type: 'watch', users: ['bob'] })).toMatchObject({ code: 'too_many_watches' });
    await client.ask({ type: 'unwatch', users: ['u0'] });
    await client.watch({ users: ['bob'] });
  });

  it('a tenant with more people online than TENANT_WATCH_MAX cannot be watched as a whole', async () => {
    const watcher = await cluster.watcher('boss', { claims: { tenant: 'big' } });
    for (const user of ['a', 'b', 'c', 'd']) await cluster.connect(user, { claims: { tenant: 'big' } });
    await watcher.watch({ users: ['d'] });
    await watcher.sees('d', 'online');
    expect(await watcher.ask({ type: 'watch', tenant: true })).toMatchObject({ code: 'too_many_watches' });
  });

  it('frames over the rate are dropped and said; a flood closes with 4429 and delays nobody', async () => {
    const neighbour = await cluster.connect('neighbour');
    const fast = await cluster.connect('fast');
    for (let i = 0; i < 75; i++) fast.sendRaw('{"type":"ping"}');
    await fast.until(() => fast.of('error').some((error) => error.code === 'rate_limited'));
    await fast.until(() => fast.of('pong').length >= 60);
    expect(fast.closed).toBeUndefined();

    const flood = await cluster.connect('flood');
    for (let i = 0; i < 2_000; i++) flood.sendRaw('{"type":"ping"}');
    const from = performance.now();
    await works(neighbour);
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(await flood.end()).toBe(4429);
  });

  it('unknown fields are ignored', async () => {
    const client = await cluster.connect('ann');
    client.sendRaw('{"type":"watch","users":["bob"],"ref":"x","later":{"version":2}}');
    expect(await client.until(() => client.first('presence'))).toMatchObject({ snapshot: true, ref: 'x' });
  });
});
