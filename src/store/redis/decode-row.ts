import type { Claim, Transition, UserRef } from '../../domain/model.ts';
import { emptyRow, type Row, type Stance } from '../../domain/row.ts';
import type { RawReply } from '../../redis/functions.ts';
import { explainRow } from '../explain-row.ts';
import type { Explanation } from '../explanation.ts';
import type { SelfView } from '../port/views.ts';
import { decodeSelf } from './decode.ts';
import { decodeStreamEntry } from './log-codec.ts';
import { listOf, number, text } from './raw-values.ts';

const STANCES: readonly Stance[] = ['own', 'inheritedActive', 'inheritedIdle'];

/** What follows `ok` in the answer of explain.lua. */
export const decodeExplanation = ({ user }: UserRef, reply: readonly RawReply[]): Explanation => {
  const [told, numbers, nodes, sessions, claims, grace, entries] = reply;
  const self = decodeSelf('explain', user, told);
  const row = rowOf(self);
  const [seen = 0, left = 0, due = 0, lag = 0, revoked = 0, frozen = -1, waitsUntil = 0, today = 0] =
    numbersOf(numbers);
  Object.assign(row, {
    ...{ goneActiveAt: seen, goneOpenedAt: left, nextDeadline: due, revoked },
    ...(frozen >= 0 && { hiddenLastSeen: frozen }),
  });
  for (const [node, stance, idle, devices, count, openedAt, activeAt, unused] of rowsOf(nodes, 8)) {
    const idleDevices = digits(unused);
    row.nodes.set(word(node), {
      ...{ stance: STANCES[digits(stance)] ?? 'own', idle: digits(idle) === 1, devices: digits(devices) },
      ...{ count: digits(count), openedAt: digits(openedAt), activeAt: digits(activeAt) },
      ...(idleDevices > 0 && { idleDevices }),
    });
  }
  for (const [id, idle, devices, expiresAt, activeAt] of rowsOf(sessions, 5)) {
    row.sessions.set(word(id), {
      ...{
        idle: digits(idle) === 1,
        devices: digits(devices),
        expiresAt: digits(expiresAt),
        activeAt: digits(activeAt),
      },
    });
  }
  for (const [source, claim] of rowsOf(claims, 2))
    row.claims.set(word(source), JSON.parse(word(claim)) as Claim);
  const [startedAt, durationMs = 0, idle, lost, devices = 0] = numbersOf(grace);
  if (startedAt !== undefined)
    row.grace = { startedAt, durationMs, idle: idle === 1, nodeLost: lost === 1, devices };
  const transitions = listOf('explain', entries ?? null).map(transitionOf);
  return explainRow(
    self,
    row,
    lag,
    transitions.filter((each) => each?.user === user).filter((each) => each !== undefined),
    waitsUntil,
    today,
  );
};

/** The part of a row that others see of it. */
const rowOf = ({ view, claim }: SelfView): Row => {
  const { status, since, ver } = view;
  return { ...emptyRow(), status, since, ver, ownClaim: claim };
};

const transitionOf = (raw: RawReply): Transition | undefined => {
  const [id, fields] = listOf('explain', raw);
  const entry = decodeStreamEntry(word(id), listOf('explain', fields ?? null).map(word));
  return entry.kind === 'transition' ? entry.transition : undefined;
};

const word = (value: RawReply | undefined): string => text('explain', value);
const digits = (value: RawReply | undefined): number => number('explain', value);
const numbersOf = (list: RawReply | undefined): number[] => listOf('explain', list ?? null).map(digits);

const rowsOf = (list: RawReply | undefined, width: number): RawReply[][] => {
  const flat = listOf('explain', list ?? null);
  return Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));
};
