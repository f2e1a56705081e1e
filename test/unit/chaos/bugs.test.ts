import { describe, expect, it } from 'vitest';
import { BUG_NAMES } from '../../chaos/planted/bugs.ts';
import { plant } from '../../chaos/planted/plant.ts';

/** Whether the suite finds them takes minutes: `npm run test:chaos:planted`. That they still fit is known at once. */
describe('planted bugs', () => {
  it.each(BUG_NAMES)('%s fits the build', (bug) => {
    expect(plant(bug)).toContain(bug);
  });
});
