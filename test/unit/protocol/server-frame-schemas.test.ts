import { describe, expect, it } from 'vitest';
import {
  changeFrame,
  encodePresence,
  OUTGROWN_FRAMES,
  snapshotFrame,
} from '../../../src/protocol/encode-presence.ts';
import {
  ackFrame,
  degradedFrame,
  errorFrame,
  goneFrame,
  membersFrame,
  pongFrame,
  reconnectFrame,
  typingFrame,
  welcomeFrame,
} from '../../../src/protocol/server-frames.ts';
import { serverFrameProblem } from '../../support/server-frame-problem.ts';

const NOW = Date.UTC(2026, 10, 21);
const ann = encodePresence({
  user: 'ann',
  status: 'busy',
  since: NOW,
  ver: NOW * 1000,
  lastSeen: NOW,
  name: 'Ann',
  text: 'tea',
  emoji: '🫖',
  until: NOW + 1000,
  devices: ['web', 'api'],
});
const unknown = encodePresence({ user: 'bob', status: 'offline', since: 0, ver: 0, devices: [] });
const welcome = {
  user: 'ann',
  tenant: 'acme',
  expiresAt: '2026-11-21T00:00:00.000Z',
  idleAfterMs: 0,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 10_000,
  graceMs: 5000,
  limits: {
    frameBytes: 16_384,
    frameRate: 20,
    frameBurst: 60,
    watches: 5000,
    place: { rate: 5, burst: 10, dataBytes: 1024, places: 16 },
  },
  serverTime: '2026-11-21T00:00:00.000Z',
};

/** The document is made from the schemas: they have to say what is really sent. */
describe('the schemas of what the server sends', () => {
  it.each([
    welcomeFrame(welcome),
    welcomeFrame({ ...welcome, self: { status: 'offline', invisible: true }, ref: '1' }),
    changeFrame([ann, unknown].join()),
    snapshotFrame('', { ref: '1', group: 'g', more: true }),
    snapshotFrame(ann, { ref: undefined, group: undefined, more: false }),
    membersFrame({ group: 'g', joined: ['ann'], left: ['bob'] }),
    goneFrame({ users: ['ann'], groups: ['g'], tenant: true }),
    goneFrame({ places: ['doc:7'] }),
    typingFrame('ann', { user: 'bob' }, true),
    typingFrame('ann', { group: 'g' }, false),
    typingFrame('ann', { place: 'doc:7' }, true),
    ackFrame('1'),
    ackFrame(undefined),
    pongFrame(undefined),
    errorFrame('invalid', 'why', '1'),
    errorFrame('forbidden', 'why', undefined, { places: ['doc:7'] }),
    reconnectFrame(12.5),
    degradedFrame(false),
    ...OUTGROWN_FRAMES,
  ])('know %s', (text) => {
    expect(serverFrameProblem(JSON.parse(text))).toBeUndefined();
  });

  it.each([
    { type: 'nonsense' },
    { type: 'ack', ref: 1 },
    { type: 'pong', more: true },
    { type: 'error', code: 'nonsense', message: '' },
    { type: 'presence', users: [{ user: 'ann', status: 'invisible', ver: 1 }] },
    { type: 'presence', users: [{ user: 'ann', status: 'online', ver: 1, connections: 2 }] },
  ])('refuse %j', (frame) => {
    expect(serverFrameProblem(frame)).toBeDefined();
  });
});
