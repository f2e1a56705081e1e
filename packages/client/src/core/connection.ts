import type { Connection } from '../types.ts';
import type { State } from './state.ts';

/** What the application is told of the connection. */
const shown = ({ link, attempt, degraded, welcome, offset }: State): Connection => {
  switch (link.at) {
    case 'idle':
    case 'suspended':
      return { state: link.at };
    case 'asking':
    case 'dialling':
      return { state: 'connecting', attempt };
    case 'waiting':
      return { state: 'waiting', attempt, nextAt: link.until + offset };
    case 'stopped':
      return { state: 'stopped', reason: link.reason, ...(link.error && { error: link.error }) };
    case 'up':
    case 'leaving':
      return { state: 'connected', degraded, user: welcome?.user ?? '', tenant: welcome?.tenant ?? '' };
  }
};

/** The same object as before, unless something of it changed. */
export const connectionOf = (state: State, former: Connection): Connection => {
  const next = shown(state);
  return JSON.stringify(next) === JSON.stringify(former) ? former : Object.freeze(next);
};
