import { expect } from 'vitest';
import type { Client } from './client.ts';
import type { Presence } from './frames.ts';

/**
 * What a watcher was told of each user must rise in `ver` strictly, except that a repeated snapshot may repeat the
 * newest, and that `gone` starts a user afresh.
 */
export const expectRisingVersions = (client: Client): void => {
  const newest = new Map<string, number>();
  for (const frame of client.frames) {
    if (frame.type === 'gone') {
      if (frame.tenant === true) newest.clear();
      for (const user of frame.users ?? []) newest.delete(user);
    }
    if (frame.type !== 'presence') continue;
    for (const p of frame.users) {
      const before = newest.get(p.user) ?? -1;
      if (frame.snapshot === true) expect(p.ver, `snapshot of ${p.user}`).toBeGreaterThanOrEqual(before);
      else expect(p.ver, `change of ${p.user}`).toBeGreaterThan(before);
      newest.set(p.user, p.ver);
    }
  }
};

/** The changes (not snapshots) a watcher was told of one user from a place in its history on. */
export const changes = (client: Client, user: string, from = 0): Presence[] =>
  client
    .of('presence', from)
    .filter((frame) => frame.snapshot !== true)
    .flatMap((frame) => frame.users.filter((p) => p.user === user));

/** The statuses of {@link changes}, in order. */
export const statuses = (client: Client, user: string, from = 0): string[] =>
  changes(client, user, from).map((p) => p.status);
