import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hold } from '../../../src/cli/watch/link.ts';
import type { Ending } from '../../../src/cli/watch/reconnect.ts';
import { until } from '../../support/until.ts';
import { NodeDouble } from './node-double.ts';

let node: NodeDouble;
let url: URL;
let stop: AbortController;
beforeEach(async () => {
  node = new NodeDouble();
  url = new URL('/v1/ws', await node.start());
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await node.stop();
});

const holding = (): { ending: Promise<Ending>; over: () => boolean } => {
  let over = false;
  const ending = hold({ url, token: 't', stop: stop.signal, latenessMs: 500, onFrame: () => {} });
  void ending.then(() => {
    over = true;
  });
  return { ending, over: () => over };
};

describe('a connection', () => {
  it('ends when the node falls silent, as after a cut cable', async () => {
    node.onConnection = ({ send }) => send({ type: 'welcome', user: 'a', tenant: 'b', pingIntervalMs: 50 });
    expect(await holding().ending).toEqual({ code: 1006 });
  });

  it('lives on pings alone', async () => {
    node.onConnection = ({ send }) => send({ type: 'welcome', user: 'a', tenant: 'b', pingIntervalMs: 50 });
    const { over } = holding();
    let pongs = 0;
    const connection = await until(() => node.accepted[0]);
    connection.socket.on('pong', () => {
      pongs += 1;
    });
    const pings = setInterval(() => connection.socket.ping(), 50);
    await until(() => pongs >= 20 || over(), { saw: () => ({ pongs, over: over() }) });
    clearInterval(pings);
    expect(over()).toBe(false);
  });

  it('is left when the node does not answer a goodbye', async () => {
    node.onConnection = ({ socket }) => socket.removeAllListeners('message');
    const { ending } = holding();
    await until(() => node.accepted.length === 1);
    node.accepted[0]?.socket.pause();
    stop.abort();
    expect((await ending).code).toBe(1006);
  });

  // A frame on its way when the goodbye was sent, as a loaded machine has them, counted as a sign of life.
  it('is left as soon when that node goes on sending', async () => {
    let frames: NodeJS.Timeout | undefined;
    node.onConnection = ({ socket, send }) => {
      socket.removeAllListeners('message');
      frames = setInterval(() => send({ type: 'pong' }), 20);
    };
    const { ending, over } = holding();
    await until(() => node.accepted.length === 1);
    stop.abort();
    await until(over, { timeoutMs: 5_000, what: 'the end after a goodbye' }).finally(() =>
      clearInterval(frames),
    );
    expect((await ending).code).not.toBe(1000);
  });

  it('is not even tried when it is stopped already', async () => {
    stop.abort();
    expect((await holding().ending).code).toBeUndefined();
    expect(node.accepted).toHaveLength(0);
  });
});
