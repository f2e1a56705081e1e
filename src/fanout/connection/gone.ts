import { goneFrame } from '../../protocol/server-frames.ts';

/** Users named in one `gone` frame: a frame of ids of the greatest length stays below the usual limits of clients. */
const GONE_CHUNK = 500;

/** The frames that take groups and users away. */
export const goneFrames = (groups: readonly string[], users: readonly string[]): string[] => {
  const frames = groups.length > 0 ? [goneFrame({ groups })] : [];
  for (let from = 0; from < users.length; from += GONE_CHUNK) {
    frames.push(goneFrame({ users: users.slice(from, from + GONE_CHUNK) }));
  }
  return frames;
};
