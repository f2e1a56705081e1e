import { type Attack, atRate, eachOf } from '../support/attack.ts';
import { addressOf } from '../support/peer.ts';
import { frameOf, RawWebSocket } from '../support/raw-websocket.ts';

export interface Besiege {
  readonly sockets: number;
  /** Signed in with these in turn; the group of the n-th is `team-<n / 20>`. */
  readonly tokens: readonly string[];
  /** Further sockets that never say who they are; they come again whenever they were closed. */
  readonly strangers: number;
  /** Turns a second, of all sockets together. */
  readonly perSecond: number;
  /** The same sockets and turns, with what a client may send. */
  readonly allowed: boolean;
  /** Only these of the hostile turns, by number; default all. To find out which one hurts. */
  readonly kinds?: readonly number[];
}

const json = (frame: object): string => JSON.stringify(frame);
const SOME = Array.from({ length: 400 }, (_, n) => `somebody-with-a-long-name-${n}`);
const PIECE = Buffer.from(' ');
const TEAM = 20;
const ADDRESSES = 200;
/** A frame that never ends: its header, and then a byte at a time. */
const ENDLESS = frameOf(1, Buffer.alloc(16_000, 32)).subarray(0, 8);

/** One turn of a socket: the n-th, at its r-th. */
type Turn = (socket: RawWebSocket, n: number, r: number) => void;
/** Bytes that a node does not read up to which a socket goes on: what waits beyond would fill the attacker. */
const UNREAD = 65_536;
const text = (socket: RawWebSocket, frame: object | string): void => {
  if (socket.peer.socket.writableLength < UNREAD)
    void socket.send(typeof frame === 'string' ? frame : json(frame));
};
const piece = ({ peer }: RawWebSocket, data: Buffer): void => {
  if (peer.socket.writableLength < UNREAD) void peer.send(data);
};

const ALLOWED: readonly Turn[] = [
  (socket) => text(socket, { type: 'ping' }),
  (socket, _n, r) => text(socket, { type: 'activity', state: r % 2 === 0 ? 'active' : 'idle' }),
  (socket, n) => text(socket, { type: 'watch', users: [`person-${n % 500}`] }),
  (socket, n) => text(socket, { type: 'unwatch', users: [`person-${n % 500}`] }),
];

const HOSTILE: readonly Turn[] = [
  // A message in fragments that never ends, up to the bound and beyond.
  (socket, _n, r) => piece(socket, frameOf(r === 0 ? 1 : 0, PIECE, false)),
  // A frame in pieces of a byte.
  (socket, _n, r) => piece(socket, r === 0 ? ENDLESS : PIECE),
  // Snapshots that nobody takes.
  (socket, _n, r) => {
    if (r === 1) socket.stopReading();
    text(socket, { type: 'watch', users: SOME });
  },
  (socket, n, r) => text(socket, { type: 'typing', to: { group: teamOf(n) }, on: r % 2 === 0 }),
  (socket, _n, r) =>
    text(socket, { type: 'status', status: ['busy', 'away', 'online'][r % 3], text: `${r}` }),
  (socket) => text(socket, '{"type":"watch","users":[7,7,7'),
  (socket, n, r) =>
    text(socket, {
      type: r % 2 === 0 ? 'watch' : 'unwatch',
      groups: [teamOf(n)],
      users: SOME.slice(r % 300),
    }),
  (socket) => {
    for (let i = 0; i < 5; i += 1) text(socket, { type: 'ping' });
  },
];

let people = 1;
const teamOf = (n: number): string => `team-${Math.floor((n % people) / TEAM)}`;

/** Everybody who can fill something, each filling whatever it can; or as many who do nothing wrong. */
export const besiege: Attack<Besiege> = async (target, options, tally) => {
  const { sockets: count, tokens, strangers, perSecond, allowed, kinds = [] } = options;
  people = tokens.length;
  const places: { socket: RawWebSocket; rounds: number }[] = [];
  const open = async (n: number): Promise<void> => {
    const isStranger = n >= count;
    const socket = new RawWebSocket({
      ...target,
      from: addressOf(n % ADDRESSES),
      token: isStranger ? undefined : tokens[n % tokens.length],
      onEnd: (how) => {
        tally.add(isStranger ? `stranger ${how}` : how);
        delete places[n];
        setTimeout(() => void open(n), 1000);
      },
    });
    if (!(await socket.opened)) return;
    tally.add(isStranger ? 'strangers' : 'opened');
    places[n] = { socket, rounds: 0 };
  };
  await eachOf(Array.from({ length: count + strangers }), (_, n) => open(n), 48);
  const hostile = HOSTILE.filter((_, kind) => kinds.length === 0 || kinds.includes(kind));
  const turns = allowed ? ALLOWED : hostile;
  atRate(perSecond, (turn) => {
    const n = turn % (count + strangers);
    const place = places[n];
    if (place === undefined || (allowed && n >= count)) return;
    // Strangers may say nothing but fragments and pieces.
    const act = n >= count ? HOSTILE[n % 2] : turns[n % turns.length];
    tally.add('turns');
    act?.(place.socket, n, place.rounds);
    place.rounds += 1;
  });
};
