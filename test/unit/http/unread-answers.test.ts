import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { UnreadAnswers } from '../../../src/http/unread-answers.ts';
import { until } from '../../support/until.ts';
import { type Rig, rigs, view } from './rig.ts';

const start = rigs();
const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});

const MB = 1_048_576;
/** Somewhat less than a megabyte an answer. */
const PAGE = {
  users: Array.from({ length: 1000 }, (_, n) => view(`user-${n}`, { text: 'x'.repeat(900) })),
};

describe('answers that nobody takes', () => {
  const listen = async (unread: UnreadAnswers): Promise<Rig> => {
    const rig = await start({ unread });
    rig.store.nextPage = PAGE;
    await rig.app.listen({ port: 0, host: '127.0.0.1' });
    return rig;
  };
  const dial = ({ app }: Rig): Socket => {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    open.add(socket);
    return socket.on('error', () => undefined);
  };
  /** Asks so many times at once. */
  const ask = (socket: Socket, times: number, token = 'reader'): void => {
    socket.write(
      `GET /v1/presence/online?limit=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`.repeat(
        times,
      ),
    );
  };

  /** Each was read from the store, made into a page and kept, all within the limit of requests a second. */
  it('stop what is done for their caller', async () => {
    const rig = await listen(new UnreadAnswers());
    ask(dial(rig).pause(), 20);
    await until(() => rig.store.calls.length === 20, { what: 'the first reads' });
    ask(dial(rig).pause(), 20);
    // Of another user, and behind those: they have been decided by the time it is answered.
    const other = dial(rig);
    const heard = new Promise((resolve) => other.once('data', resolve));
    ask(other, 1, 'everywhereReader');
    await heard;
    expect(rig.store.calls).toHaveLength(20);
  });

  it('cost others nothing, and their own caller nothing once they are taken', async () => {
    const unread = new UnreadAnswers({ perCaller: 6 * MB, inAll: 64 * MB, withinMs: 60_000 });
    const rig = await listen(unread);
    const deaf = dial(rig).pause();
    ask(deaf, 20);
    await until(() => rig.store.calls.length === 20, { what: 'all of them to be asked for' });
    rig.store.nextPage = { users: [] };
    await until(
      async () => (await rig.call('GET', '/v1/presence/online', { token: 'reader' })).statusCode === 429,
    );
    expect(
      (await rig.call('GET', '/v1/presence/online?tenant=a', { token: 'everywhereReader' })).statusCode,
    ).toBe(200);
    deaf.resume();
    await until(() => unread.total === 0, { what: 'all of them to be taken' });
    expect((await rig.call('GET', '/v1/presence/online', { token: 'reader' })).statusCode).toBe(200);
  });

  it('are cut with their connection after a while', async () => {
    const unread = new UnreadAnswers({ perCaller: 8 * MB, inAll: 64 * MB, withinMs: 300 });
    const rig = await listen(unread);
    const deaf = dial(rig);
    let closed = false;
    deaf.once('close', () => {
      closed = true;
    });
    deaf.pause();
    ask(deaf, 8);
    await until(() => unread.total > MB, { what: 'answers to wait' });
    await until(() => unread.total === 0, { what: 'them to be given up' });
    deaf.resume();
    await until(() => closed, { what: 'the connection to be cut' });
  });

  it('of all are bounded: who has waited for longest goes', async () => {
    const unread = new UnreadAnswers({ perCaller: 64 * MB, inAll: 6 * MB, withinMs: 60_000 });
    const rig = await listen(unread);
    const first = dial(rig);
    let isCut = false;
    first.once('close', () => {
      isCut = true;
    });
    first.pause();
    ask(first, 20);
    await until(() => rig.store.calls.length === 20, { what: 'all of them to be asked for' });
    first.resume();
    await until(() => isCut, { what: 'the first to be cut' });
    expect(unread.total).toBeLessThanOrEqual(6 * MB);
  });

  it('of who has gone before they were ready are not counted', async () => {
    const unread = new UnreadAnswers();
    const rig = await listen(unread);
    rig.store.hangs = true;
    const gone = dial(rig);
    ask(gone, 1);
    await until(() => rig.store.calls.length === 1, { what: 'the read' });
    gone.resetAndDestroy();
    await rig.app.close();
    expect(unread.total).toBe(0);
  });
});
