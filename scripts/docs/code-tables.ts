import { CLOSE_CODES, ERROR_CODES } from '../../src/protocol/codes.ts';
import { code, replaceBlock, table } from './markdown.ts';

const closeCodes = (): string =>
  table(
    ['code', 'name', 'what happened, and what to do'],
    Object.entries(CLOSE_CODES).map(([number, { name, meaning }]) => [number, code(name), meaning]),
  );

const errorCodes = (): string =>
  table(
    ['code', 'what it means'],
    Object.entries(ERROR_CODES).map(([name, { meaning }]) => [code(name), meaning]),
  );

/** `docs/protocol.md` with its tables of codes as the code has them; the rest of the page is written by hand. */
export const protocolPage = (page: string): string =>
  replaceBlock(replaceBlock(page, 'close-codes', closeCodes()), 'error-codes', errorCodes());
