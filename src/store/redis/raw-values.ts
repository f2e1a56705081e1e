import { type RawReply, UnexpectedReply } from '../../redis/functions.ts';
import type { FunctionName } from './library.ts';

/** The values that functions answer with, checked. */

/** The reply as a list. @throws UnexpectedReply */
export const listOf = (script: FunctionName, reply: RawReply): RawReply[] => {
  if (!Array.isArray(reply)) throw new UnexpectedReply(script, reply);
  return reply;
};

export const text = (script: FunctionName, value: RawReply | undefined): string => {
  if (typeof value !== 'string') throw new UnexpectedReply(script, value);
  return value;
};

export const number = (script: FunctionName, value: RawReply | undefined): number => {
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) throw new UnexpectedReply(script, value);
  return parsed;
};
