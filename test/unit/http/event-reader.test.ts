import { describe, expect, it } from 'vitest';
import { CursorLost, type EventFeed, type Replay } from '../../../src/events/feed.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { decodeWatermark } from '../../../src/events/watermark.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { EventReader } from '../../../src/streams/event-reader.ts';
import type { Outlet } from '../../../src/streams/outlet.ts';
import { transitionItem } from '../../../src/streams/stream-item.ts';
import fc from '../../support/fast-check.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { principal } from './rig.ts';

const PARTITIONS = 3;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client that takes what it is given only when told to. */
class FakeOutlet implements Outlet {
  readonly got: string[] = [];
  unread = 0;
  closed = false;
  #waiting: (() => void)[] = [];

  get taken(): number {
    return this.got.length - this.unread;
  }

  write(text: string): void {
    this.got.push(text);
    this.unread += 1;
  }

  read(count = Number.POSITIVE_INFINITY): void {
    this.unread = Math.max(0, this.unread - count);
    if (this.unread === 0) for (const resume of this.#waiting.splice(0)) resume();
  }

  async room(): Promise<boolean> {
    while (this.unread > 0 && !this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return !this.closed;
  }

  end(): void {
    this.closed = true;
    this.read();
  }

  destroy(): void {
    this.end();
  }
}

/** A reader over a real feed whose logs are slow to be read, and may fail. */
class World {
  readonly memory: MemoryFeed;
  readonly outlet = new FakeOutlet();
  readonly reader: EventReader;
  readonly cuts: string[] = [];
  /** What happened, by partition. */
  readonly ids: number[][];
  fails: Error | undefined;
  isSettling = false;
  clock = 1_000_000;
  #delays = 0;

  /** @param memory - of another world, to come to it later. */
  constructor(partitions = PARTITIONS, memory?: MemoryFeed) {
    this.memory = memory ?? memoryFeed({ partitions });
    this.ids = Array.from({ length: partitions }, () => []);
    const world = this;
    const feed: Pick<EventFeed, 'partitions' | 'watermark' | 'replay' | 'isSettling'> = {
      partitions,
      get isSettling() {
        return world.isSettling;
      },
      watermark: (atMost) => this.memory.watermark(atMost),
      replay: (watermark) => this.replay(watermark),
    };
    this.reader = new EventReader({
      outlet: this.outlet,
      feed,
      principal: principal('events'),
      tenant: 'acme',
      filter: {},
      maxUnread: 5,
      meter: { sent: () => {}, reset: () => {}, behind: () => {}, encoded: () => {} },
      cut: (reason) => this.cuts.push(reason),
    });
    this.memory.subscribe({
      transition: ({ partition, id, transition }) =>
        this.reader.take(
          partition,
          transitionItem(id, transition, () => undefined),
        ),
      reset: () => this.reader.reset(),
    });
    if (!memory) this.beat();
  }

  async replay(watermark: string): Promise<Replay | undefined> {
    const replay = await this.memory.replay(watermark);
    if (!replay) return undefined;
    return {
      from: replay.from,
      entries: async (partition, after) => {
        const page = await replay.entries(partition, after);
        this.#delays += 1;
        // Sometimes much goes by between what is read and its arrival.
        for (let i = 0; i < this.#delays % 3; i += 1) await turn();
        if (this.fails) throw this.fails;
        return page;
      },
    };
  }

  happens(where: number, count = 1): void {
    const partition = where % this.ids.length;
    const entries: LogEntry[] = [];
    for (let i = 0; i < count; i += 1) {
      this.clock += 1;
      const id = this.clock;
      this.ids[partition]?.push(id);
      entries.push({
        id,
        kind: 'transition',
        transition: {
          tenant: 'acme',
          user: `p${partition}`,
          status: 'online',
          previous: 'offline',
          since: 1,
          ver: id,
          reason: 'connect',
          devices: [],
        },
      });
    }
    this.memory.publish(partition, entries);
  }

  beat(): void {
    this.ids.forEach((_, partition) => {
      this.memory.expect(partition, 'g', 0, this.clock);
    });
  }

  /** Ids given, by partition, as the client reads them. */
  given(texts = this.outlet.got): number[][] {
    const given: number[][] = this.ids.map(() => []);
    for (const text of texts) {
      const [, partition, ver] = /"id":"p(\d):(\d+)"/.exec(text) ?? [];
      if (ver !== undefined) given[Number(partition)]?.push(Number(ver));
    }
    return given;
  }

  /** The client reads everything until nothing comes any more. */
  async settle(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < 12; quiet += 1) {
      this.outlet.read();
      await turn();
      if (this.outlet.got.length !== before) quiet = 0;
      before = this.outlet.got.length;
    }
  }

  /** Every `id:` told: what stands before it must be all there was up to it, and none goes back. */
  expectHonestMarks(): void {
    let highest = 0;
    this.outlet.got.forEach((text, at) => {
      const mark = /^id: (.*)$/m.exec(text)?.[1];
      if (mark === undefined) return;
      const { clock } = decodeWatermark(mark);
      expect(clock).toBeGreaterThanOrEqual(highest);
      highest = clock;
      const before = this.given(this.outlet.got.slice(0, at));
      this.ids.forEach((ids, partition) => {
        expect(before[partition]?.filter((id) => id <= clock)).toEqual(ids.filter((id) => id <= clock));
      });
    });
  }
}

type Step =
  | { what: 'happens'; partition: number; count: number }
  | { what: 'read' | 'turn' | 'tell' | 'beat' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('happens' as const),
      partition: fc.nat(PARTITIONS - 1),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constantFrom('read', 'read', 'turn', 'turn', 'turn', 'tell', 'beat') }),
  },
);

const walk = async (world: World, steps: readonly Step[]): Promise<void> => {
  for (const each of steps) {
    if (each.what === 'happens') world.happens(each.partition, each.count);
    else if (each.what === 'read') world.outlet.read();
    else if (each.what === 'tell') world.reader.tell();
    else if (each.what === 'beat') world.beat();
    else for (let i = 0; i < 3; i += 1) await turn();
  }
};

describe('a reader of the event stream', () => {
  /** However slowly it reads: a reader that falls behind changes over to the log and back, again and again. */
  it('is given everything once and in order, and its ids never promise more than it was given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.constantFrom(1, 2, PARTITIONS),
        async (steps, partitions) => {
          const world = new World(partitions);
          await walk(world, steps);
          await world.settle();
          expect(world.given()).toEqual(world.ids);
          world.reader.tell();
          world.expectHonestMarks();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('that comes back is given what it missed as well, whatever happens meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.nat(2000),
        async (steps, missed) => {
          const world = new World();
          const from = world.memory.watermark() ?? '';
          // Not this reader's life: it had not come yet.
          for (let i = 0; i < missed; i += 50) world.happens((i / 50) % PARTITIONS, 50);
          const replay = await world.replay(from);
          const back = new World(PARTITIONS, world.memory);
          back.clock = world.clock;
          for (const [partition, ids] of world.ids.entries()) back.ids[partition]?.push(...ids);
          if (replay) void back.reader.resume(replay);
          await walk(back, steps);
          await back.settle();
          expect(back.given()).toEqual(back.ids);
          back.expectHonestMarks();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('never has much more unread than the limit and one page', async () => {
    const world = new World();
    for (let i = 0; i < 300; i += 1) {
      world.happens(i % PARTITIONS, 10);
      if (i % 10 === 0) await turn();
      expect(world.outlet.unread).toBeLessThanOrEqual(6);
    }
    world.outlet.read();
    for (let i = 0; i < 20; i += 1) await turn();
    expect(world.outlet.unread).toBeGreaterThan(0);
    expect(world.outlet.unread).toBeLessThanOrEqual(506);
    await world.settle();
    expect(world.given()).toEqual(world.ids);
  });

  const fallsBehind = async (): Promise<World> => {
    const world = new World();
    world.happens(0, 20);
    await turn();
    return world;
  };

  it('whose log is gone when it looks is told to begin anew, and goes on with what is new', async () => {
    const world = await fallsBehind();
    world.fails = new CursorLost();
    await world.settle();
    expect(world.outlet.got.at(-1)).toBe('event: reset\ndata: {}\n\n');
    world.happens(1);
    expect(world.given()[1]).toEqual(world.ids[1]);
  });

  it('whose log cannot be read now is cut, to come back with its cursor', async () => {
    const world = await fallsBehind();
    world.fails = new StoreError('unavailable', 'away');
    await world.settle();
    expect(world.cuts).toEqual(['unavailable']);
    expect(world.outlet.got).not.toContain('event: reset\ndata: {}\n\n');
  });

  it('takes what follows a loss of data, although it may be older', () => {
    const world = new World();
    world.happens(0);
    world.reader.reset();
    world.clock = 500;
    world.happens(0);
    expect(world.given()[0]).toEqual([1_000_001, 501]);
  });

  it('that reads the log when the data is lost is told once, and nothing of the old log after that', async () => {
    const world = await fallsBehind();
    world.outlet.read();
    const { length } = world.outlet.got;
    world.isSettling = true;
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      world.reader.reset();
      await world.settle();
      // An id now would hide that what came before it is not all.
      world.reader.tell();
    }
    expect(world.outlet.got.slice(length)).toEqual([]);
    world.isSettling = false;
    world.reader.settled();
    world.reader.settled();
    world.reader.tell();
    expect(world.outlet.got.slice(length).map((text) => text.split('\n')[0])).toEqual([
      'event: reset',
      `id: ${world.memory.watermark()}`,
    ]);
  });
});
