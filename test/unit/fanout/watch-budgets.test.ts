import { describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

/** More than a budget holds at once, and what one may wait for besides. */
const UNWATCHES = 3;
const MANY = Array.from({ length: 16_000 }, (_, n) => `user-${n}`);

describe('the budget of watches', () => {
  const spent = async (rig: Rig, who: { self: string } | { service: string }) => {
    const { watcher } = await rig.watching({ users: ['ann'] }, undefined, who);
    // What is undone is done at once, and paid for: the next watch waits, or is refused.
    for (let n = 0; n < UNWATCHES; n += 1) watcher.unwatch({ users: MANY });
    await expect(watcher.watch({ users: ['ben'] })).rejects.toMatchObject({ code: 'rate_limited' });
  };

  it('pays for what is unwatched as well', async () => {
    await spent(new Rig(), { self: 'cay' });
  });

  it('is one a service, and not one of all services', async () => {
    const rig = new Rig();
    await spent(rig, { service: 'crm' });
    const again = rig.connect('another', { service: 'crm' });
    await expect(again.watcher.watch({ users: ['ben'] })).rejects.toMatchObject({ code: 'rate_limited' });
    await rig.watching({ users: ['ben'] }, undefined, { service: 'mail' });
    // A user of the same name is somebody else.
    await rig.watching({ users: ['ben'] }, undefined, { self: 'crm' });
  });
});
