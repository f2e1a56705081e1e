import { toMs } from '../../domain/clock.ts';
import { deviceList } from '../../domain/devices.ts';
import type { Adornment, OwnClaim, Status, View } from '../../domain/model.ts';
import { type FunctionName, type RawReply, UnexpectedReply } from '../../redis/library.ts';
import type { ApplyReply, BeatReply, SelfView } from '../presence-store.ts';

const STATUS: Readonly<Record<string, Status>> = { o: 'online', a: 'away', b: 'busy', f: 'offline' };

/** See reply.lua. */
const LINE = /^([oabf])(\d+)(?:,(\d+))? (\d+) (\d+) ([01])$/;

/** The reply as a list. @throws UnexpectedReply */
export const listOf = (script: FunctionName, reply: RawReply): RawReply[] => {
  if (!Array.isArray(reply)) throw new UnexpectedReply(script, reply);
  return reply;
};

const text = (script: FunctionName, value: RawReply | undefined): string => {
  if (typeof value !== 'string') throw new UnexpectedReply(script, value);
  return value;
};

export const number = (script: FunctionName, value: RawReply | undefined): number => {
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) throw new UnexpectedReply(script, value);
  return parsed;
};

export const decodeBeat = (reply: RawReply): BeatReply => {
  const [fenced, gen, lost, holdMs, young, clock, last] = listOf('beat', reply);
  return {
    fenced: fenced === 1,
    gen: text('beat', gen),
    lost: lost === 1,
    holdMs: number('beat', holdMs),
    young: young === 1,
    clock: number('beat', clock),
    last: number('beat', last),
  };
};

/** One user as reply.lua tells them: a line, and a list with more where there is more. */
export const decodeSelf = (script: FunctionName, user: string, reply: RawReply | undefined): SelfView => {
  const [line, name, shown, own, groups] = Array.isArray(reply) ? reply : [reply, '', '', '', ''];
  const [, letter = '', ver, since, seen, devices, invisible] = LINE.exec(text(script, line)) ?? [];
  const status = STATUS[letter];
  if (status === undefined) throw new UnexpectedReply(script, line);
  const view: View = {
    user,
    status,
    // Left out when it is the moment of the version.
    since: since === undefined ? toMs(Number(ver)) : Number(since),
    ver: Number(ver),
    ...(seen !== '0' && { lastSeen: Number(seen) }),
    ...(name !== '' && { name: text(script, name) }),
    ...(shown !== '' && (JSON.parse(text(script, shown)) as Adornment)),
    devices: deviceList(Number(devices)),
    ...(groups !== '' && { groups: JSON.parse(text(script, groups)) as string[] }),
  };
  return {
    view,
    invisible: invisible === '1',
    ...(own !== '' && { claim: JSON.parse(text(script, own)) as OwnClaim }),
  };
};

const positionsOf = (list: string): number[] => (list === '' ? [] : list.trim().split(' ').map(Number));

/** @param users - the users of the batch, by position. */
export const decodeApply = (reply: RawReply, users: readonly { readonly user: string }[]): ApplyReply => {
  const list = listOf('apply', reply);
  const [result, clock, tookOver] = list;
  if (result === 'fenced' || result === 'lost' || result === 'stale') return { result };
  if (result !== 'ok') throw new UnexpectedReply('apply', reply);
  const selves = new Map<number, SelfView>();
  for (let i = 3; i < list.length; i += 2) {
    const position = number('apply', list[i]);
    const user = users[position]?.user;
    if (user === undefined) throw new UnexpectedReply('apply', reply);
    selves.set(position, decodeSelf('apply', user, list[i + 1]));
  }
  return {
    result,
    clock: number('apply', clock),
    selves,
    tookOver: positionsOf(text('apply', tookOver)),
  };
};
