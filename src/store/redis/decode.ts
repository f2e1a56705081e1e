import { toMs } from '../../domain/clock.ts';
import { deviceList } from '../../domain/devices.ts';
import {
  type Adornment,
  type Note,
  type OwnClaim,
  ownerOfKey,
  type Status,
  type View,
} from '../../domain/model.ts';
import type { AnyEnding } from '../../domain/row.ts';
import { type RawReply, UnexpectedReply } from '../../redis/functions.ts';
import type { Revocation } from '../port/endings.ts';
import type { BeatReply } from '../port/leases.ts';
import type { ApplyReply } from '../port/reports.ts';
import type { SelfView } from '../port/views.ts';
import { placesLearned } from './decode-places.ts';
import type { FunctionName } from './library.ts';
import { listOf, number, text } from './raw-values.ts';

const STATUS: Readonly<Record<string, Status>> = { o: 'online', a: 'away', b: 'busy', f: 'offline' };

/** See reply.lua. */
const LINE = /^([oabf])(\d+)(?:,(\d+))? (\d+) (\d+) ([01])(?: (\d+))?$/;

export const decodeBeat = (reply: RawReply): BeatReply => {
  const [fenced, gen, lost, holdMs, young, clock, last, stuck, micros, shiftMs] = listOf('beat', reply);
  return {
    fenced: fenced === 1,
    gen: text('beat', gen),
    lost: lost === 1,
    holdMs: number('beat', holdMs),
    young: young === 1,
    clock: number('beat', clock),
    last: number('beat', last),
    stuck: stuck === 1,
    micros: number('beat', micros),
    shiftMs: number('beat', shiftMs),
  };
};

/** One user as reply.lua sends them: a line, and a list with more where there is more. */
export const decodeSelf = (script: FunctionName, user: string, reply: RawReply | undefined): SelfView => {
  const [line, name, shown, claim, groups, ownGroups, stamp, note, ownNote] = Array.isArray(reply)
    ? reply
    : [reply, '', '', '', '', '', '', '', ''];
  const [, letter = '', ver, since, seen, devices, invisible, active] = LINE.exec(text(script, line)) ?? [];
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
    ...(note !== '' && { note: JSON.parse(text(script, note)) as Adornment }),
    devices: deviceList(Number(devices)),
    ...(active !== undefined && { active: deviceList(Number(active)) }),
    ...(groups !== '' && { groups: JSON.parse(text(script, groups)) as string[] }),
  };
  return {
    view,
    invisible: invisible === '1',
    ...(claim !== '' && { claim: JSON.parse(text(script, claim)) as OwnClaim }),
    ...(ownNote !== '' && { note: JSON.parse(text(script, ownNote)) as Note }),
    ...(ownGroups !== '' && {
      own: { groups: JSON.parse(text(script, ownGroups)) as string[], stamp: number(script, stamp) },
    }),
  };
};

const ENDINGS = {
  ...({ l: 'logout', d: 'disconnect', r: 'revoke', f: 'forget' } as const),
  k: 'disconnect_device',
} as const;

/** Which entries the function refused: see apply.lua. */
const turnedAway = (turned: string): Pick<ApplyReply & { result: 'ok' }, 'revoked' | 'ended'> => {
  if (turned === '') return {};
  const revoked = new Map<number, number>();
  const ended = new Map<number, { how: AnyEnding; at: number }>();
  for (const [, position, how = '', at] of turned.matchAll(/(\d+)([a-z])([\d.]+) /g)) {
    if (how === 't') revoked.set(Number(position), Number(at));
    else ended.set(Number(position), { how: ENDINGS[how as keyof typeof ENDINGS], at: Number(at) });
  }
  return { ...(revoked.size > 0 && { revoked }), ...(ended.size > 0 && { ended }) };
};

const positionsOf = (list: string): number[] => (list === '' ? [] : list.trim().split(' ').map(Number));

/** @param users - the users of the batch, by position. */
export const decodeApply = (reply: RawReply, users: readonly { readonly user: string }[]): ApplyReply => {
  const list = listOf('apply', reply);
  const [result, clock, tookOver, turned, learned] = list;
  if (result === 'fenced' || result === 'lost' || result === 'stale') return { result };
  if (result !== 'ok') throw new UnexpectedReply('apply', reply);
  const selves = new Map<number, SelfView>();
  for (let i = 5; i < list.length; i += 2) {
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
    ...turnedAway(text('apply', turned)),
    ...(learned !== '' && { places: placesLearned(text('apply', learned)) }),
  };
};

/** Members and scores by turns. */
export const decodeRevocations = (flat: readonly RawReply[]): Revocation[] => {
  const revocations: Revocation[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    revocations.push({ ...ownerOfKey(text('revoked', flat[i])), at: number('revoked', flat[i + 1]) });
  }
  return revocations;
};
