import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES, ERROR_CODES } from '../../src/protocol/codes.ts';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { Dice } from '../support/fuzz/dice.ts';
import { garbled, mutated } from '../support/fuzz/mutate.ts';
import { rssOf } from '../support/fuzz/rss.ts';

const SEED = Number(process.env.ROLLCALL_SEED ?? Date.now() % 1_000_000);
/** All kinds of input together; `ROLLCALL_FUZZ` asks for more. */
const FRAMES = Number(process.env.ROLLCALL_FUZZ ?? 20_000);
const SENDERS = 4;
const BATCH = 200;

const FRAME_TYPES = new Set([
  'welcome',
  'presence',
  'self',
  'gone',
  'typing',
  'ack',
  'pong',
  'error',
  'reconnect',
  'degraded',
]);

const frames = (dice: Dice): Record<string, unknown>[] => [
  { type: 'watch', users: [`u${dice.below(50)}`, 'bystander'], ref: 'r' },
  { type: 'watch', groups: [dice.one(['g', 'h', 'other'])], ref: 'r' },
  { type: 'watch', tenant: true, ref: 'r' },
  { type: 'unwatch', users: [`u${dice.below(50)}`], groups: ['g'], tenant: true, ref: 'r' },
  { type: 'activity', state: dice.one(['active', 'idle']) },
  { type: 'status', status: dice.one(['busy', 'away', 'online', 'invisible', null]), ref: 'r' },
  { type: 'status', status: 'busy', text: 'hello', emoji: '🙂', until: '2030-01-01T00:00:00Z', ref: 'r' },
  { type: 'note', text: 'hello', emoji: '🙂', until: '2030-01-01T00:00:00Z', ref: 'r' },
  { type: 'typing', to: dice.chance(0.5) ? { user: 'bystander' } : { group: 'g' }, on: dice.chance(0.5) },
  { type: 'auth', token: 'v4.public.nonsense', ref: 'r' },
  { type: 'ping', ref: 'r' },
];

describe(`random and mutated frames (ROLLCALL_SEED=${SEED})`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { FRAME_RATE: '10000', FRAME_BURST: '10000' } });
  });
  afterAll(() => cluster?.stop());

  it(
    'get an answer of the tables, crash nothing, leak nothing, and nobody else notices',
    async () => {
      const node = cluster.nodes[0];
      if (node === undefined) throw new Error('no node');
      const bystander = await cluster.connect('bystander', { claims: { tenant: 'quiet' } });
      await bystander.watch({ users: ['friend'] });
      const friend = await cluster.connect('friend', { claims: { tenant: 'quiet' } });
      await bystander.sees('friend', 'online');

      const closes = new Map<number, number>();
      const errors = new Map<string, number>();
      const examine = (client: Client): void => {
        for (const frame of client.frames) {
          expect(FRAME_TYPES).toContain(frame.type);
          if (frame.type !== 'error') continue;
          expect(Object.keys(ERROR_CODES)).toContain(frame.code);
          errors.set(frame.code, (errors.get(frame.code) ?? 0) + 1);
        }
        if (client.closed !== undefined)
          closes.set(client.closed.code, (closes.get(client.closed.code) ?? 0) + 1);
      };
      const sender = async (index: number): Promise<void> => {
        const dice = new Dice(SEED + index);
        const user = `u${index}`;
        const token = await cluster.issuer.token({
          sub: user,
          groups: ['g', 'h'],
          scope: 'connect watch watch:tenant',
        });
        let client: Client | undefined;
        for (let sent = 0; sent < FRAMES / SENDERS; ) {
          client ??= await Client.connect(node.wsUrl, { token });
          for (let n = 0; n < BATCH && !client.over; n += 1, sent += 1) {
            const base = dice.one(frames(dice));
            const text = JSON.stringify(dice.chance(0.5) ? base : mutated(dice, base)) ?? '';
            if (dice.chance(0.001)) client.socket.send(Buffer.from(text));
            else client.sendRaw(dice.chance(0.15) ? garbled(dice, text) : text);
            // Ten malformed frames end a connection: what is sent behind them is not looked at.
            if (n % 8 === 7) await new Promise(setImmediate);
          }
          const mine = client;
          if (!mine.over) {
            mine.sendRaw('{"type":"ping","ref":"end of batch"}');
            await mine.until(
              () =>
                mine.over ||
                mine.frames.some((frame) => JSON.stringify(frame) === '{"type":"pong","ref":"end of batch"}'),
            );
          }
          examine(mine);
          mine.received.length = 0;
          if (mine.over) client = undefined;
        }
        client?.terminate();
      };
      const before = await rssOf(node.pid);
      await Promise.all(Array.from({ length: SENDERS }, (_, index) => sender(index)));

      const named = Object.keys(CLOSE_CODES).map(Number);
      for (const code of closes.keys()) expect([...named, 1002, 1007]).toContain(code);
      expect(errors.size).toBeGreaterThan(3);
      // Nobody else noticed.
      expect(bystander.over).toBe(false);
      await friend.ask({ type: 'status', status: 'busy' });
      await bystander.sees('friend', 'busy');
      expect(node.running).toBe(true);
      expect(node.logs.filter((line) => /unexpected|"level":"(error|fatal)"/.test(line))).toEqual([]);
      expect((await rssOf(node.pid)) - before).toBeLessThan(200 * 1024 * 1024);
    },
    Math.max(120_000, FRAMES * 10),
  );
});
