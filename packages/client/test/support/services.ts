import { Cluster } from '../../../../test/support/cluster.ts';
import type { Client, Options } from '../../src/index.ts';
import { createFake } from '../../src/testing/index.ts';
import { clientOf } from './clients.ts';

/** A service that the contract of the client is tested on. */
export interface Service {
  client(user: string, options?: Partial<Options> & { readonly groups?: readonly string[] }): Client;
  forget(user: string): Promise<void>;
  /** From now on a user is a member of these groups. */
  setGroups(user: string, groups: readonly string[]): Promise<void>;
  /** An operator ends the connections of somebody. */
  disconnect(user: string): Promise<void>;
  stop(): Promise<void>;
}

const fakeService = async (): Promise<Service> => {
  const fake = createFake();
  const clients: Client[] = [];
  fake.forbidden.add('t:');
  return {
    client: (user, { groups = [], ...options } = {}) => {
      for (const group of groups) fake.setGroup(group, [...new Set([...fake.membersOf(group), user])]);
      const client = fake.client(user, options);
      clients.push(client);
      return client;
    },
    forget: async (user) => fake.forget(user),
    setGroups: async (user, groups) => {
      for (const group of groups) fake.setGroup(group, [...new Set([...fake.membersOf(group), user])]);
      for (const group of fake.groups())
        if (!groups.includes(group))
          fake.setGroup(
            group,
            fake.membersOf(group).filter((one) => one !== user),
          );
    },
    disconnect: async (user) => fake.disconnect({ user, code: 4403 }),
    stop: async () => {
      for (const client of clients) client.close();
    },
  };
};

const realService = async (): Promise<Service> => {
  const cluster = await Cluster.start({
    nodes: 1,
    env: { TRANSITION_INTERVAL_MS: '0', OFFLINE_GRACE_MS: '3000' },
  });
  const admin = { claims: { sub: 'ops', scope: 'admin' } };
  return {
    client: (user, { groups, ...options } = {}) =>
      clientOf(cluster, user, { ...options, ...(groups && { claims: { groups } }) }),
    forget: async (user) => {
      await cluster.http(`/v1/presence/users/${user}`, { ...admin, method: 'DELETE' });
    },
    setGroups: async (user, groups) => {
      const service = { claims: { sub: 'directory', scope: 'write' } };
      await cluster.http(`/v1/users/${user}/groups`, { ...service, method: 'PUT', body: { groups } });
    },
    disconnect: async (user) => {
      await cluster.http(`/v1/users/${user}/disconnect`, { ...admin, method: 'POST' });
    },
    stop: () => cluster.stop(),
  };
};

/** The same tests run on both. */
export const SERVICES = { 'the fake service': fakeService, 'a real node': realService } as const;
