import { goneFrame } from '../../protocol/server-frames.ts';
import { IDS_PER_FRAME } from './member-news.ts';

/** The frames that take groups and users away. */
export const goneFrames = (groups: readonly string[], users: readonly string[]): string[] => {
  const frames = groups.length > 0 ? [goneFrame({ groups })] : [];
  for (let from = 0; from < users.length; from += IDS_PER_FRAME) {
    frames.push(goneFrame({ users: users.slice(from, from + IDS_PER_FRAME) }));
  }
  return frames;
};
