import { CLOSE_CODES, ERROR_CODES } from '../../src/protocol/codes.ts';
import { code, replaceBlock, table } from './markdown.ts';

const closeCodes = (): string =>
  table(
    ['code', 'name', 'reconnect', 'what happened'],
    Object.entries(CLOSE_CODES).map(([number, { name, reconnect, meaning }]) => [
      number,
      code(name),
      reconnect,
      meaning,
    ]),
  );

const errorCodes = (): string =>
  table(
    ['code', 'what it means'],
    Object.entries(ERROR_CODES).map(([name, { meaning }]) => [code(name), meaning]),
  );

/** `docs/protocol.md` with its tables of codes as the code has them; the rest of the page is written by hand. */
export const protocolPage = (page: string): string =>
  replaceBlock(replaceBlock(page, 'close-codes', closeCodes()), 'error-codes', errorCodes());
