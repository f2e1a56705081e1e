import type { CountFrame, PlaceFrame } from '../protocol/frames.ts';
import type { PlaceMember } from '../types.ts';
import { topOf } from './asks.ts';
import { countKey, keyOf } from './keys.ts';
import type { Room } from './state.ts';
import type { Turn } from './turn.ts';

const EMPTY: Room = { members: new Map(), total: undefined, truncated: false };

/** Who did not change stays the same object. */
const asHeld = (member: PlaceMember, room: Room | undefined): PlaceMember => {
  const held = room?.members.get(member.user);
  return held?.ver === member.ver ? held : Object.freeze({ ...member });
};

/** @param isList - the frame has everybody who is to be listed, instead of what changed. */
const apply = (
  room: Room,
  { users = [], left = [], total, truncated }: PlaceFrame,
  isList: boolean,
): Room => {
  const members = new Map(isList ? [] : room.members);
  for (const member of users) {
    const held = room.members.get(member.user);
    if (isList || !held || held.ver < member.ver) members.set(member.user, asHeld(member, room));
  }
  for (const { user, ver } of left) if ((members.get(user)?.ver ?? ver) <= ver) members.delete(user);
  return { members, total: total ?? room.total, truncated: truncated === true || room.truncated };
};

/** Who is in a watched place. The last frame of a snapshot replaces what was held. */
export const place = (turn: Turn, frame: PlaceFrame): void => {
  const { rooms, wants, epoch } = turn.state;
  const want = wants.get(keyOf(frame));
  if (!want) return;
  const held = rooms.get(frame.place);
  if (frame.snapshot) {
    const next = apply(held?.next ?? EMPTY, frame, false);
    turn.map('rooms').set(frame.place, { epoch: 0, ...held, next });
    return;
  }
  if (!held?.room) return;
  const isList = frame.total !== undefined && (topOf(want) > 0 || frame.truncated || held.room.truncated);
  turn.map('rooms').set(frame.place, { ...held, room: apply(held.room, frame, isList), epoch });
  turn.topics.add(keyOf(frame));
};

export const placeComplete = (turn: Turn, id: string): void => {
  const { room, next = EMPTY } = turn.state.rooms.get(id) ?? {};
  const members = new Map([...next.members].map(([user, member]) => [user, asHeld(member, room)]));
  turn.map('rooms').set(id, { room: { ...next, members }, epoch: turn.state.epoch });
  turn.topics.add(keyOf({ place: id }));
};

export const count = (turn: Turn, frame: CountFrame): void => {
  const { type: _type, of, ref: _ref, ...numbers } = frame;
  const key = countKey(of);
  if (!turn.state.wants.has(key)) return;
  turn.map('counts').set(key, { value: Object.freeze(numbers), epoch: turn.state.epoch });
  turn.topics.add(key);
};
