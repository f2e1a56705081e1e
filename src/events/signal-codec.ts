import { isGroupId, isPlaceId, isTenantId, isUserId, MAX_GROUPS } from '../domain/ids.ts';
import type { UserRef } from '../domain/model.ts';
import type { Signal, TypingSignal } from './feed.ts';

/**
 * The user whose partition carries a signal: the recipient, otherwise the sender. A silence therefore arrives before the
 * transition of the person that it announces.
 */
export const carrierOf = (signal: Signal): UserRef => {
  const { tenant, from } = signal;
  return { tenant, user: signal.type === 'typing' && 'user' in signal.to ? signal.to.user : from };
};

export const encodeSignal = (signal: Signal): string => JSON.stringify(signal);

/** Signals share a partition's channel with its log messages, which begin with a generation, never with this. */
export const isSignal = (text: string): boolean => text.startsWith('{');

const targetOf = (to: unknown): TypingSignal['to'] | undefined => {
  if (typeof to !== 'object' || to === null) return undefined;
  const { user, group, place } = to as Record<string, unknown>;
  if (isUserId(user)) return { user };
  if (isPlaceId(place)) return { place };
  return isGroupId(group) ? { group } : undefined;
};

/**
 * @returns `undefined` for a kind of signal that only a later release knows.
 * @throws SyntaxError for anything that {@link encodeSignal} does not make.
 */
export const decodeSignal = (text: string): Signal | undefined => {
  const { type, tenant, from, to, on, groups } = JSON.parse(text) as Record<string, unknown>;
  if (typeof type === 'string' && type !== 'typing' && type !== 'silence') return undefined;
  if (type === 'silence' && isTenantId(tenant) && isUserId(from)) return { type, tenant, from };
  const target = targetOf(to);
  if (
    type !== 'typing' ||
    target === undefined ||
    !isTenantId(tenant) ||
    !isUserId(from) ||
    typeof on !== 'boolean' ||
    !Array.isArray(groups) ||
    groups.length > MAX_GROUPS ||
    !groups.every(isGroupId)
  ) {
    throw new SyntaxError('not a signal');
  }
  return { type, tenant, from, to: target, on, groups };
};
