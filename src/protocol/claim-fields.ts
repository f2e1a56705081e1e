import type { Adornment } from '../domain/model.ts';
import { FieldError, parseStatusFields, type StatusFields, timeOf } from './status-fields.ts';

/** What a service may claim of a person: hiding is theirs alone. */
export const SERVICE_STATUSES = ['online', 'away', 'busy'] as const;

/** Priorities of claims, and that of a claim that names none. The person's own counts as 100. */
export const PRIORITY = { min: 0, max: 200, default: 50 } as const;

const SOURCE = /^[a-z0-9-]{1,32}$/;

/** Where a claim of a service may come from. `user` is the person, whose claim is set in another way. */
export const isServiceSource = (value: string): boolean => SOURCE.test(value) && value !== 'user';

/** A claim of a service, read. */
interface ServiceClaim extends Adornment {
  readonly status: (typeof SERVICE_STATUSES)[number];
  readonly priority: number;
  readonly at?: number;
  readonly from?: number;
  readonly leaseMs?: number;
}

/** The fields as they come from outside. */
interface ClaimFields extends StatusFields {
  readonly priority?: unknown;
  readonly from?: unknown;
  readonly ttlSeconds?: unknown;
  readonly at?: unknown;
}

/** s that a claim may last between two renewals. */
export const LEASE_S = { min: 1, max: 86_400 } as const;

/** How far the clock of a writer may be ahead of this node's, ms. */
const AHEAD_MS = 5000;

/**
 * When a service says that it wrote something.
 * @param now - ms since the epoch.
 * @throws FieldError
 */
export const parseWrittenAt = (value: unknown, now: number): number => {
  const at = timeOf('at', value);
  if (at > now + AHEAD_MS) throw new FieldError('at', 'may be at most 5 s from now');
  return at;
};

const leaseOf = (value: unknown): number => {
  if (!Number.isSafeInteger(value) || (value as number) < LEASE_S.min || (value as number) > LEASE_S.max)
    throw new FieldError('ttlSeconds', `must be a whole number from ${LEASE_S.min} to ${LEASE_S.max}`);
  return (value as number) * 1000;
};

const isPriority = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= PRIORITY.min && (value as number) <= PRIORITY.max;

/**
 * Reads what a service says of a person.
 *
 * @param now - ms since the epoch, which `until` must lie after.
 * @throws FieldError naming the first field that is wrong.
 */
export const parseServiceClaim = (input: ClaimFields, now: number): ServiceClaim => {
  const known = SERVICE_STATUSES.find((status) => status === input.status);
  if (known === undefined) throw new FieldError('status', `must be one of ${SERVICE_STATUSES.join(', ')}`);
  const { priority = PRIORITY.default } = input;
  if (!isPriority(priority)) {
    throw new FieldError('priority', `must be a whole number from ${PRIORITY.min} to ${PRIORITY.max}`);
  }
  const { status: _, ...adornment } = parseStatusFields(input, now);
  const from = input.from === undefined ? undefined : timeOf('from', input.from);
  if (from !== undefined && adornment.until !== undefined && adornment.until <= from)
    throw new FieldError('until', 'must be after from');
  return {
    ...{ ...adornment, status: known, priority },
    ...(from !== undefined && { from }),
    ...(input.ttlSeconds !== undefined && { leaseMs: leaseOf(input.ttlSeconds) }),
    ...(input.at !== undefined && { at: parseWrittenAt(input.at, now) }),
  };
};
