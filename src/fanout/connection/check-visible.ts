import { WatchError } from '../fanout.ts';
import { type Viewer, visibility } from '../visibility.ts';
import type { Answer } from './answer.ts';
import { UNTELLABLE } from './refusal.ts';

/** @throws WatchError when something that an answer would show is not visible to a viewer, or not known to be. */
export const checkVisible = (answer: Answer, viewer: Viewer): void => {
  const users = [...answer.users].filter((user) => visibility(viewer, user) === 'hidden');
  const groups = [...answer.groups].filter(({ name }) => !viewer.users || !viewer.groups.includes(name));
  if (users.length > 0 || groups.length > 0 || (answer.tenant && !viewer.everyone)) {
    throw notVisible(
      users.map(({ user }) => user),
      groups.map(({ name }) => name),
    );
  }
  for (const user of answer.users) {
    if (visibility(viewer, user) === 'unknown') throw new WatchError('unavailable', UNTELLABLE);
  }
};

const notVisible = (users: readonly string[], groups: readonly string[]): WatchError =>
  new WatchError('forbidden', 'the token and the policy do not allow to see all of this', {
    ...(users.length > 0 && { users }),
    ...(groups.length > 0 && { groups }),
  });
