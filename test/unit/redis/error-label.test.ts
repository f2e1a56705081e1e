import { expect, it } from 'vitest';
import { errorLabel } from '../../../src/redis/error-label.ts';

it.each([
  ['OOM', 'OOM'],
  ['READONLY', 'READONLY'],
  [undefined, 'link'],
  ['MADEUPBYSOMEBODY', 'other'],
])('labels the failure %s as %s', (code, label) => {
  expect(errorLabel(code)).toBe(label);
});
