import { deviceList } from '../domain/devices.ts';
import type { OwnClaim, Reason, Status, Transition } from '../domain/model.ts';
import type { LogEntry } from '../store/log-entry.ts';

/** The public event as the log holds it; see `transition` in commit.lua. */
interface EventJson {
  tenant: string;
  user: string;
  status: Status;
  previous: Status;
  since: string;
  lastSeen?: string;
  ver: number;
  name?: string;
  groups?: string[];
  text?: string;
  emoji?: string;
  until?: string;
  reason: Reason;
}

interface ClaimJson {
  type: 'claim';
  tenant: string;
  user: string;
  claim: OwnClaim;
}

/** A message of a partition's channel: what one script recorded. */
export interface Message {
  readonly gen: string;
  /** Log ids (µs) of the newest entry before this message, and of its last. */
  readonly before: number;
  readonly last: number;
  readonly entries: readonly LogEntry[];
}

const LINE = /^(\d+)([tc])(\d+)(\{.*\})$/;

/** @throws SyntaxError for anything that `publish` of commit.lua does not send. */
export const decodeMessage = (text: string): Message => {
  const [gen = '', before, last, ...lines] = text.split('\n');
  const entries = lines.map((line) => {
    const [, id, kind, devices, json] = LINE.exec(line) ?? [];
    if (json === undefined) throw new SyntaxError('not an entry of a partition log');
    return decodeEntry(Number(id), kind, Number(devices), json);
  });
  return { gen, before: Number(before), last: Number(last), entries };
};

/** One entry as XRANGE gives it: `[id, [field, value, …]]`. */
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
  const { tenant, user, claim } = JSON.parse(json) as ClaimJson;
  return { id, kind: 'command', command: { type: 'claim', ref: { tenant, user }, claim } };
};

const transitionOf = (event: EventJson, devices: number): Transition => {
  const { lastSeen, until, since, ...same } = event;
  return {
    ...same,
    since: Date.parse(since),
    ...(lastSeen !== undefined && { lastSeen: Date.parse(lastSeen) }),
    ...(until !== undefined && { until: Date.parse(until) }),
    devices: deviceList(devices),
  };
};
