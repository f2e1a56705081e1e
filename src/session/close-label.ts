import { CLOSE_CODES } from '../protocol/codes.ts';

/** Ours, and those with which peers and networks usually end a connection. */
const KNOWN = new Set([...Object.keys(CLOSE_CODES).map(Number), 1001, 1002, 1005, 1006, 1007]);

/** A close code as the label of a metric: a peer may send any number, and each new one would be a series for ever. */
export const closeLabel = (code: number): string => (KNOWN.has(code) ? String(code) : 'other');
