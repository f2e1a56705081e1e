import type { Client } from './client.ts';

/** Everything a client was told of a place, in order: who is there (with data) and who left. Snapshots are left out. */
export const told = (client: Client, place: string, from = 0): string[] =>
  client
    .of('place', from)
    .filter((frame) => frame.place === place && frame.snapshot !== true)
    .flatMap(({ users = [], left = [] }) => [
      ...users.map(({ user, data }) => (data === undefined ? user : `${user} ${JSON.stringify(data)}`)),
      ...left.map(({ user }) => `-${user}`),
    ]);

/** Who is in a place by all that a client was told, with their data. */
export const inPlace = (client: Client, place: string): ReadonlyMap<string, object | undefined> => {
  const members = new Map<string, object | undefined>();
  for (const frame of client.of('place')) {
    if (frame.place !== place) continue;
    for (const { user, data } of frame.users ?? []) members.set(user, data);
    for (const { user } of frame.left ?? []) members.delete(user);
  }
  return members;
};

/** Watches a place by name and waits for the snapshot. */
export const watchPlace = async (client: Client, place: string): Promise<Client> => {
  const answer = await client.ask({ type: 'watch', places: [place] });
  if (answer.type !== 'place') throw new Error(`watch was answered ${JSON.stringify(answer)}`);
  return client;
};

/** Enters a place and waits until that is stored. */
export const enter = async (client: Client, place: string, data?: object): Promise<Client> => {
  const answer = await client.ask({ type: 'enter', place, ...(data !== undefined && { data }) });
  if (answer.type !== 'ack') throw new Error(`enter was answered ${JSON.stringify(answer)}`);
  return client;
};
