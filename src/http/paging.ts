import { Type } from 'typebox';
import { CURSOR_PATTERN } from '../protocol/patterns.ts';

/** Users on a page. */
export const PAGE = { default: 100, max: 1000 } as const;
/** What a store gives as cursor is far shorter; a longer text is not one, and is refused early. */
const MAX_CURSOR = 1024;

/** The query of a call that answers in pages. */
export const PAGING = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: PAGE.max, default: PAGE.default, description: 'users on a page' }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_CURSOR,
      pattern: CURSOR_PATTERN,
      description: '`cursor` of the page before',
    }),
  ),
};
