import { deviceList } from '../../domain/devices.ts';
import {
  type Adornment,
  type Note,
  type OwnClaim,
  type OwnGroups,
  type Reason,
  type Status,
  type Transition,
  tokenOwner,
  type UserRef,
  type View,
} from '../../domain/model.ts';
import type { PlaceChange, PlaceReason, PlaceTransition } from '../../domain/place.ts';
import type { AnyEnding } from '../../domain/row.ts';
import type { Command, LogEntry } from '../log-entry.ts';

/** A view as the log holds it; see `shownText` in commit.lua. */
interface ViewJson {
  status: Status;
  since?: string;
  lastSeen?: string;
  ver: number;
  name?: string;
  groups?: string[];
  text?: string;
  emoji?: string;
  until?: string;
  note?: { text?: string; emoji?: string; until?: string };
}

/** The public event; see `transition` in commit.lua. */
interface EventJson extends ViewJson, UserRef {
  previous: Status;
  reason: Reason;
}

/** See `place` in commit.lua. */
interface PlaceJson extends UserRef {
  place: string;
  change: PlaceChange;
  since?: string;
  ver: number;
  name?: string;
  groups?: string[];
  data?: object;
  reason: PlaceReason;
}

type CommandJson = UserRef &
  (
    | { type: 'claim'; claim: OwnClaim }
    | { type: 'note'; note: Note }
    | { type: 'groups'; view: ViewJson }
    | ({ type: 'own' } & OwnGroups)
    | { type: AnyEnding | 'refuse'; at: number }
    | { type: 'later' }
  );

interface PutOutJson {
  type: 'put_out';
  tenant: string;
  user?: string;
  place: string;
  at: number;
}

/** A message of a partition's channel: what one function recorded. */
export interface Message {
  readonly gen: string;
  /** Log ids (µs) of the newest entry before this message, and of its last. */
  readonly before: number;
  readonly last: number;
  readonly entries: readonly LogEntry[];
}

/** Dots match line separators too: JSON does not escape all of them. */
const LINE = /^(\d+)([a-z])(\d+)(\{.*\})$/s;

/** An entry of a later release, which this one can ignore. */
export class UnknownEntry extends Error {
  readonly code = 'unknown_entry';
  constructor(kind: string | undefined) {
    super(`this release does not know entries of kind ${kind}`);
    this.name = 'UnknownEntry';
  }
}

/**
 * Entries of later releases are left out.
 * @throws SyntaxError for anything that `publish` of commit.lua does not send.
 */
export const decodeMessage = (text: string): Message => {
  const [gen = '', before, last, ...lines] = text.split('\n');
  const entries: LogEntry[] = [];
  for (const line of lines) {
    const [, id, kind, devices, json] = LINE.exec(line) ?? [];
    if (json === undefined) throw new SyntaxError('not an entry of a partition log');
    try {
      entries.push(decodeEntry(Number(id), kind, Number(devices), json));
    } catch (error) {
      if (!(error instanceof UnknownEntry)) throw error;
    }
  }
  return { gen, before: Number(before), last: Number(last), entries };
};

/**
 * One entry as XRANGE gives it: `[id, [field, value, …]]`.
 * @throws UnknownEntry, SyntaxError
 */
export const decodeStreamEntry = (id: string, flat: readonly string[]): LogEntry => {
  const fields: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  return decodeEntry(clockOf(id), fields['k'], Number(fields['d']), fields['e'] ?? '');
};

/** Log ids are the hybrid clock: milliseconds, a dash, and the microseconds of the rest. */
export const clockOf = (id: string): number => {
  const [ms, rest] = id.split('-');
  return Number(ms) * 1000 + Number(rest ?? 0);
};
export const streamId = (clock: number): string => `${Math.floor(clock / 1000)}-${clock % 1000}`;

const decodeEntry = (id: number, kind: string | undefined, devices: number, json: string): LogEntry => {
  if (kind === 't')
    return { id, kind: 'transition', transition: transitionOf(JSON.parse(json) as EventJson, devices) };
  if (kind === 'p') return { id, kind: 'place', place: placeOf(JSON.parse(json) as PlaceJson) };
  if (kind !== 'c') throw new UnknownEntry(kind);
  return { id, kind: 'command', command: commandOf(JSON.parse(json) as CommandJson | PutOutJson, devices) };
};

const commandOf = (json: CommandJson | PutOutJson, devices: number): Command => {
  if (json.type === 'put_out') return json;
  const { tenant, user } = json;
  const ref = { tenant, user };
  switch (json.type) {
    case 'claim':
      return { type: 'claim', ref, claim: json.claim };
    case 'note':
      return { type: 'note', ref, note: json.note };
    case 'groups':
      return { type: 'groups', ref, view: viewOf({ user, ...json.view }, devices) };
    case 'own':
      return { type: 'own', ref, own: { groups: json.groups, stamp: json.stamp } };
    case 'logout':
    case 'disconnect':
    case 'forget':
      return { type: json.type, ref, at: json.at };
    case 'disconnect_device':
      return disconnection(ref, json.at, devices);
    case 'revoke':
    case 'refuse':
      return { type: json.type, ref: tokenOwner(tenant, user), at: json.at };
    default:
      throw new UnknownEntry(json.type);
  }
};

const placeOf = ({ since, data, ...same }: PlaceJson): PlaceTransition => ({
  ...same,
  since: since === undefined ? 0 : Date.parse(since),
  ...(data !== undefined && { data: JSON.stringify(data) }),
});

/** @throws UnknownEntry for a kind of device of a later release. */
const disconnection = (ref: UserRef, at: number, devices: number): Command => {
  const [device] = deviceList(devices);
  if (device === undefined) throw new UnknownEntry('disconnect_device');
  return { type: 'disconnect_device', ref, at, device };
};

const transitionOf = (event: EventJson, devices: number): Transition => {
  const { tenant, previous, reason, ...view } = event;
  return { ...viewOf(view, devices), tenant, previous, reason };
};

const viewOf = (json: ViewJson & { user: string }, devices: number): View => {
  const { lastSeen, until, since, note, ...same } = json;
  return {
    ...same,
    since: since === undefined ? 0 : Date.parse(since),
    ...(lastSeen !== undefined && { lastSeen: Date.parse(lastSeen) }),
    ...(until !== undefined && { until: Date.parse(until) }),
    ...(note !== undefined && { note: noteOf(note) }),
    devices: deviceList(devices),
  };
};

const noteOf = ({ until, ...said }: NonNullable<ViewJson['note']>): Adornment => ({
  ...said,
  ...(until !== undefined && { until: Date.parse(until) }),
});
