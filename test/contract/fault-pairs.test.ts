import { afterEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { INTERVAL, TENANT, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
afterEach(() => line.stop());

/** What anybody is told of Ann who asks now. */
const answer = async (): Promise<string> => {
  try {
    return (await line.store.views.read(TENANT, ['ann']))[0]?.status ?? 'nobody';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** Ann is connected to a.0 all along, and b.0 knows of it. Nodes tell again whom they hold when a beat says that data was lost. */
class Story {
  #known: View | undefined;
  /** Since when a.0 has to tell of her, ms; undefined when it has. */
  #dueSince: number | undefined;
  /** Generation in which b.0 was given the log entry of her connect. */
  #gen: string | undefined;
  /** b.0 has beaten since its link broke: until then it answers nobody. */
  #isFresh = true;
  /** What she was said to be, but for `unavailable`. */
  readonly said = new Set<string>();
  #copy: () => Promise<void> = async () => undefined;

  async begin(): Promise<void> {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    this.#copy = await copyOf();
    await line.opens('a.0', 'ann');
    this.#known = await line.view('ann');
    this.#gen = line.memory('b.0').gen;
  }

  /** Caretakers and readers of any node come at the worst moment: whenever something has changed. */
  async look(): Promise<void> {
    await line.reap();
    await line.sweep();
    const status = this.#isFresh ? await answer() : 'unavailable';
    if (status !== 'unavailable') this.said.add(status);
  }

  async passes(ms: number, ...alive: string[]): Promise<void> {
    this.#isFresh &&= alive.includes('b.0');
    for (let left = ms; left > 0; left -= INTERVAL) {
      await line.pass(Math.min(left, INTERVAL));
      await this.look();
      for (const node of alive) await this.beats(node);
    }
  }

  async beats(node: string): Promise<void> {
    const delivered = line.memory(node).gen === this.#gen ? (this.#known?.ver ?? 0) : 0;
    const since = node === 'a.0' ? this.#dueSince : undefined;
    const lagMs = since === undefined ? 0 : (await line.now()) - since;
    const { lost } = await line.beat(node, { delivered, lagMs });
    if (node === 'b.0') this.#isFresh = true;
    else if (lost) this.#dueSince ??= await line.now();
    await this.look();
  }

  /** The batch that follows a beat. */
  async tells(): Promise<void> {
    if (this.#dueSince === undefined) return;
    const entry = entryOf('ann', {
      activeAgo: 0,
      openedAgo: 5000,
      ...(this.#known && { known: this.#known }),
    });
    if ((await line.tell('a.0', entry)).result === 'ok') this.#dueSince = undefined;
    await this.look();
  }

  /** Redis comes back with nothing. */
  async empties(): Promise<void> {
    this.#isFresh = false;
    const machine = await line.machine();
    await line.raw.loseEverything();
    await line.redis.hset(line.keys.meta, MACHINE, machine + 1_000_000);
    await this.look();
  }

  /** A replica that lagged takes over: it never heard of Ann. */
  async fallsBack(): Promise<void> {
    this.#isFresh = false;
    const machine = await line.machine();
    await this.#copy();
    await line.redis.hset(line.keys.meta, MACHINE, machine + 1_000_000);
    await this.look();
  }
}

const copyOf = async (): Promise<() => Promise<void>> => {
  const keys = await line.redis.keys(line.keys.meta.replace(/meta$/, '*'));
  const copies = await Promise.all(
    keys.map(async (key) => ({ key, dump: await line.redis.dumpBuffer(key) })),
  );
  return async () => {
    await line.raw.loseEverything();
    for (const { key, dump } of copies) await line.redis.restore(key, 0, dump as Buffer, 'REPLACE');
    for (const node of ['a.0', 'b.0']) await line.redis.pexpire(line.keys.beat(node), TTL);
  };
};

const FAULTS: Readonly<Record<string, (story: Story) => Promise<void>>> = {
  'Redis comes back empty': (story) => story.empties(),
  'a replica that lagged takes over': (story) => story.fallsBack(),
  'Redis is away for longer than a lease': (story) => story.passes(TTL + 1),
  'Redis is away for most of a lease': (story) => story.passes(TTL - INTERVAL),
  'her node is cut off for nearly a lease': (story) => story.passes(TTL - INTERVAL / 10, 'b.0'),
};

const BETWEEN: Readonly<Record<string, (story: Story) => Promise<void>>> = {
  'at once': async () => undefined,
  'when another node has beaten': (story) => story.beats('b.0'),
  'when her node has beaten too, and told nothing yet': async (story) => {
    await story.beats('b.0');
    await story.beats('a.0');
  },
  'when she was told of again': async (story) => {
    await story.beats('a.0');
    await story.tells();
  },
};

const PAIRS = Object.keys(FAULTS).flatMap((first) =>
  Object.keys(FAULTS).flatMap((second) => Object.keys(BETWEEN).map((when) => [first, second, when] as const)),
);

/**
 * What is known to be incomplete must not be taken for complete because time ran while nobody could tell anything.
 */
describe('after two faults in quick succession', () => {
  it.each(PAIRS)('%s, then %s, %s: who stays is never said to be offline', async (first, second, when) => {
    const story = new Story();
    await story.begin();
    await FAULTS[first]?.(story);
    await BETWEEN[when]?.(story);
    await FAULTS[second]?.(story);
    await story.beats('b.0');
    await story.beats('a.0');
    // A large node tells for a while.
    await story.passes(INTERVAL / 5, 'b.0');
    await story.tells();
    for (let left = TTL * 2; left > 0; left -= INTERVAL) {
      await story.passes(INTERVAL, 'b.0', 'a.0');
      await story.tells();
    }
    expect([...story.said]).toEqual(['online']);
    expect(await answer()).toBe('online');
    expect((await line.story('ann')).filter((told) => told !== 'online connect')).toEqual([]);
  });
});
