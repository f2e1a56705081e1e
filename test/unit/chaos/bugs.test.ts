import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUG_NAMES } from '../../chaos/planted/bugs.ts';
import { plant } from '../../chaos/planted/plant.ts';

/** Whether the suite finds them takes minutes: `npm run test:chaos:planted`. That they still fit is known at once. */
describe('planted bugs', () => {
  // A fresh clone has no build, and an old one says nothing about the sources; one that is current takes no time.
  beforeAll(() => {
    const build = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url));
    expect(spawnSync(process.execPath, [build], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  }, 240_000);

  it.each(BUG_NAMES)('%s fits the build', (bug) => {
    expect(plant(bug)).toContain(bug);
  });
});
