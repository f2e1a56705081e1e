import { noteShown } from '../protocol/presence.ts';
import type { Self } from '../protocol/server-frames.ts';
import type { SelfView } from '../store/port/views.ts';

/** What a person's connections are sent of the person. */
export const ownSelf = ({ view, invisible, claim, note }: SelfView): Self => ({
  status: view.status,
  ...(invisible && { invisible: true as const }),
  ...(claim && claim.status !== null && { claim: { status: claim.status, ...noteShown(claim) } }),
  ...(note && { note: noteShown(note) }),
});
