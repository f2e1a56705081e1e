import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/domain/model.ts';
import { changeFrame, encodePresence, snapshotFrame } from '../../../src/protocol/encode-presence.ts';
import { EPOCH, view } from './rig.ts';

describe('encoding presence', () => {
  it('shows everything there is of somebody present', () => {
    const shown: View = {
      ...view('ann', 5, 'busy'),
      since: EPOCH,
      lastSeen: EPOCH + 1,
      name: 'Ann "A" 🙂',
      text: 'lunch',
      emoji: '🍜',
      until: EPOCH + 2,
    };
    expect(JSON.parse(encodePresence(shown))).toEqual({
      user: 'ann',
      status: 'busy',
      since: '2026-11-21T12:00:00.000Z',
      ver: 5,
      lastSeen: '2026-11-21T12:00:00.001Z',
      name: 'Ann "A" 🙂',
      text: 'lunch',
      emoji: '🍜',
      until: '2026-11-21T12:00:00.002Z',
      devices: ['web'],
    });
  });

  it('shows an unknown user as offline without a beginning', () => {
    expect(JSON.parse(encodePresence(view('bob', 0)))).toEqual({ user: 'bob', status: 'offline', ver: 0 });
  });

  it('composes frames of changes and of snapshots', () => {
    expect(JSON.parse(changeFrame('{"a":1},{"b":2}'))).toEqual({
      type: 'presence',
      users: [{ a: 1 }, { b: 2 }],
    });
    expect(JSON.parse(snapshotFrame('', { ref: undefined, group: undefined, more: false }))).toEqual({
      type: 'presence',
      users: [],
      snapshot: true,
    });
    expect(JSON.parse(snapshotFrame('{}', { ref: 'a"b', group: 'g', more: true }))).toEqual({
      type: 'presence',
      users: [{}],
      snapshot: true,
      ref: 'a"b',
      more: true,
      group: 'g',
    });
  });
});
