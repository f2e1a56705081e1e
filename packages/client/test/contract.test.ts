import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import type { Client, RollcallError } from '../src/index.ts';
import { closeAll, shown, shows } from './support/clients.ts';
import { SERVICES, type Service } from './support/services.ts';

describe.each(Object.entries(SERVICES))('a client of %s', (_kind, start) => {
  let service: Service;
  let people = 0;
  beforeAll(async () => {
    service = await start();
  });
  afterEach(closeAll);
  afterAll(() => service?.stop());

  /** Nobody of an earlier test. */
  const name = (word: string): string => {
    people += 1;
    return `${word}${people}`;
  };
  const here = async (user: string, options: Parameters<Service['client']>[1] = {}): Promise<Client> => {
    const client = service.client(user, options);
    client.connect();
    await until(() => client.connection.state === 'connected', { saw: () => client.connection });
    return client;
  };

  it('does nothing before it is told to connect', async () => {
    let asked = 0;
    const client = service.client(name('a'), {
      getToken: () => {
        asked += 1;
        return null;
      },
    });
    client.watch({ users: ['x'] });
    await new Promise((resolve) => setImmediate(resolve));
    expect([client.connection, asked]).toEqual([{ state: 'idle' }, 0]);
    client.connect();
    await until(() => client.connection.state === 'stopped');
    expect([client.connection, asked]).toEqual([{ state: 'stopped', reason: 'signed_out' }, 1]);
  });

  it('shows who is watched, tells of each change, and keeps the object of what did not change', async () => {
    const [a, b] = [name('a'), name('b')];
    const client = await here(a);
    const calls = { user: 0, views: [] as string[] };
    client.subscribe({ user: b }, () => {
      calls.user += 1;
    });
    client.on('views', (users) => calls.views.push(...users));
    await client.watch({ users: [b] }).ready;
    expect(shown(client, b)).toBe('offline');
    const other = await here(b);
    await shows(client, b, 'online');
    const view = client.view(b);
    await other.setStatus({ status: 'busy', text: 'Tea party' });
    await shows(client, b, 'busy');
    expect(client.view(b)).toMatchObject({ presence: { text: 'Tea party' } });
    expect(client.view(b)).not.toBe(view);
    expect(client.view(b)).toBe(client.view(b));
    expect(Object.isFrozen(client.view(b))).toBe(true);
    expect(calls.user).toBeGreaterThanOrEqual(3);
    expect(new Set(calls.views)).toEqual(new Set([b]));
    await other.setNote({ text: 'Back on Monday' });
    await until(() => client.view(b).known && JSON.stringify(client.view(b)).includes('Monday'));
    await until(() => other.self?.note?.text === 'Back on Monday');
    await other.leave();
    await shows(client, b, 'offline');
  });

  it('shares one subscription between watches, which outlives the last one a moment', async () => {
    const [a, b] = [name('a'), name('b')];
    const client = await here(a, { lingerMs: 50 });
    const first = client.watch({ users: [b] });
    const second = client.watch({ users: [b] });
    await Promise.all([first.ready, second.ready]);
    first.close();
    first.close();
    expect(shown(client, b)).toBe('offline');
    second.close();
    await shows(client, b, 'unwatched');
  });

  it('says why nothing is known', async () => {
    const client = await here(name('a'));
    const tenant = client.watch({ tenant: true });
    await expect(tenant.ready).rejects.toMatchObject({ name: 'RollcallError', code: 'forbidden' });
    expect(client.members({ tenant: true })).toEqual({ known: false, why: 'forbidden' });
    await expect(client.watch({ users: ['..'] }).ready).rejects.toMatchObject({ code: 'invalid' });
    expect(shown(client, '..')).toBe('invalid');
    const closed = client.watch({ users: ['x'] });
    closed.close();
    await expect(closed.ready).rejects.toMatchObject({ code: 'closed' });
  });

  it('shows the members of a group', async () => {
    const group = name('group');
    const [a, b] = [name('a'), name('b')];
    await here(b, { groups: [group] });
    const client = await here(a, { groups: [group] });
    await client.watch({ groups: [group] }).ready;
    const members = client.members({ group });
    expect(members.known && new Set(members.users)).toEqual(new Set([a, b]));
    expect(shown(client, b)).toBe('online');
  });

  it('shows who joins a group and who leaves it', async () => {
    const group = name('group');
    const [a, b] = [name('a'), name('b')];
    const client = await here(a, { groups: [group] });
    await here(b);
    await client.watch({ groups: [group] }).ready;
    const users = (): string => {
      const members = client.members({ group });
      return members.known ? [...members.users].sort().join() : members.why;
    };
    expect(users()).toBe(a);
    await service.setGroups(b, [group]);
    await until(() => users() === [a, b].join(), { saw: users });
    expect(shown(client, b)).toBe('online');
    await service.setGroups(b, []);
    await until(() => users() === a, { saw: users });
    await shows(client, b, 'unwatched');
  });

  it('counts the members of a group', async () => {
    const group = name('group');
    const client = await here(name('a'), { groups: [group] });
    const other = await here(name('b'), { groups: [group] });
    await client.watch({ groups: [group], count: true }).ready;
    const present = (): unknown => {
      const count = client.count({ group });
      return count.known ? count.numbers.present : count.why;
    };
    await until(() => present() === 2, { saw: present });
    await other.leave();
    await until(() => present() === 1, { saw: present });
  });

  it('shows who is in a place, with their data, and who leaves it', async () => {
    const place = name('place');
    const [a, b] = [name('a'), name('b')];
    const [client, other] = [await here(a), await here(b)];
    await client.watch({ places: [place] }).ready;
    expect(client.place(place)).toMatchObject({ known: true, members: [], total: 0 });
    const seen = (): string => {
      const there = client.place(place);
      return there.known ? JSON.stringify(there.members.map(({ user, data }) => [user, data])) : there.why;
    };
    const stay = other.enter(place, { cursor: 1 });
    const again = other.enter(place);
    await Promise.all([stay.ready, again.ready]);
    await until(() => seen() === JSON.stringify([[b, { cursor: 1 }]]), { saw: seen });
    await stay.update({ cursor: 2 });
    await until(() => seen() === JSON.stringify([[b, { cursor: 2 }]]), { saw: seen });
    await again.leave();
    expect(seen()).not.toBe('[]');
    await stay.leave();
    await until(() => seen() === '[]', { saw: seen });
    await expect(stay.update({ cursor: 3 })).rejects.toMatchObject({ code: 'gone' });
  });

  it('forgets who is gone', async () => {
    const [a, b] = [name('a'), name('b')];
    const client = await here(a);
    await here(b);
    await client.watch({ users: [b] }).ready;
    await service.forget(b);
    await shows(client, b, 'gone');
  });

  it('passes typing on, and ends it', async () => {
    const [a, b] = [name('a'), name('b')];
    const [client, other] = [await here(a), await here(b)];
    const typing = other.typing({ user: a });
    typing.input();
    await until(() => client.typingIn({ user: b }).includes(b));
    typing.stop();
    await until(() => client.typingIn({ user: b }).length === 0);
  });

  it('stays stopped when an operator ended it, until it is told to connect', async () => {
    const a = name('a');
    const client = await here(a);
    await service.disconnect(a);
    await until(() => client.connection.state === 'stopped', { saw: () => client.connection });
    expect(client.connection).toMatchObject({ reason: 'forbidden' });
    await expect(client.setStatus(null)).rejects.toMatchObject({ code: 'closed', outcome: 'not_done' });
  });

  it('asks once for another after a refused one', async () => {
    const a = name('a');
    const reasons: string[] = [];
    const errors: RollcallError[] = [];
    const client = service.client(a, {
      getToken: ({ reason }) => {
        reasons.push(reason);
        return 'nonsense';
      },
    });
    client.on('error', (error) => errors.push(error));
    client.connect();
    await until(() => client.connection.state === 'stopped', { saw: () => client.connection });
    expect(client.connection).toMatchObject({ reason: 'unauthorized', error: { code: 'unauthorized' } });
    expect(reasons).toEqual(['connect', 'rejected']);
  });

  it('forgets everything of one person for the next', async () => {
    const [a, b] = [name('a'), name('b')];
    const client = await here(a);
    await client.watch({ users: [b] }).ready;
    client.reset();
    expect([client.connection.state, shown(client, b), client.self]).toEqual(['idle', 'loading', undefined]);
    client.connect();
    await shows(client, b, 'offline');
  });
});
