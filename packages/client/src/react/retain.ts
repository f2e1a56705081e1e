import type { Client } from '../types.ts';

/** StrictMode and hot reloading unmount and mount at once; a change of route takes a moment. */
const LINGER_MS = 1000;

interface Hold {
  count: number;
  /** The client was connected here, and is closed here. */
  readonly owned: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

const holds = new WeakMap<Client, Hold>();

/** Keeps a client connected. @returns a function that lets it go; a second after the last one it is closed. */
export const retain = (client: Client): (() => void) => {
  const hold = holds.get(client) ?? take(client);
  clearTimeout(hold.timer);
  hold.count += 1;
  return () => {
    hold.count -= 1;
    if (hold.count > 0) return;
    hold.timer = setTimeout(() => {
      holds.delete(client);
      if (hold.owned) client.close();
    }, LINGER_MS);
  };
};

const take = (client: Client): Hold => {
  const { state } = client.connection;
  const hold: Hold = { count: 0, owned: state === 'idle' || state === 'stopped' };
  holds.set(client, hold);
  if (hold.owned) client.connect();
  return hold;
};
