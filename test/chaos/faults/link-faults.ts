import { clock } from '../history/recorder.ts';
import { CHAOS_TIMINGS } from '../timings.ts';
import { type Fault, forMs } from './fault.ts';

const { heartbeatTtlMs: ttl } = CHAOS_TIMINGS;

/** The node is cut from the store: connections are reset and refused. */
const cut: Fault = {
  kind: 'node cut from Redis',
  weight: 2,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const fault = recorder.fault(cut.kind, 'node', [slot.index]);
    slot.links.cut();
    await forMs(random.between(200, 2 * ttl));
    slot.links.heal();
    fault.to = clock();
  },
};

/** Bytes vanish one way or both; nobody closes anything. */
const halfCut: Fault = {
  kind: 'link of a node half cut',
  weight: 3,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const direction = random.pick(['up', 'down', 'both'] as const);
    const fault = recorder.fault(halfCut.kind, 'node', [slot.index]);
    fault.note = direction;
    slot.links.stall(direction);
    await forMs(random.between(300, 2 * ttl));
    slot.links.heal();
    fault.to = clock();
  },
};

const slowLink: Fault = {
  kind: 'link of a node slow',
  weight: 1,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const ms = Math.round(random.between(20, 150));
    const fault = recorder.fault(slowLink.kind, 'node', [slot.index]);
    fault.note = `${ms} ms each way`;
    slot.links.delay(ms);
    await forMs(random.between(1_000, 4_000));
    slot.links.delay(0);
    fault.to = clock();
  },
};

/** The pub/sub link of one node falls silent without closing: there is no next message that would show the gap. */
const deafLink: Fault = {
  kind: 'pub/sub link silent',
  weight: 3,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const fault = recorder.fault(deafLink.kind, 'feed', [slot.index]);
    const links = slot.links.subscribers;
    for (const link of links) link.stall('down');
    await forMs(random.between(500, 4_000));
    for (const link of links) link.heal();
    fault.to = clock();
  },
};

/**
 * What a node sent is stuck on its way while the node itself has long gone on over a new connection, and arrives after
 * newer things; or after the node has died of something else.
 */
const lateBatch: Fault = {
  kind: 'batch delivered late',
  weight: 3,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const fault = recorder.fault(lateBatch.kind, 'node', [slot.index]);
    const links = slot.links.commands;
    for (const link of links) link.hold();
    await forMs(random.between(50, 700));
    const dies = random.chance(0.5);
    if (dies) {
      const death = recorder.fault('node killed', 'death', [slot.index]);
      await slot.kill();
      death.to = clock();
    }
    for (const link of links) link.abandon();
    // Where the node lives on it is back at once; where it died, this is all that is left of it.
    fault.to = clock();
    await forMs(random.between(100, 3 * ttl));
    const bytes = links.reduce((sum, link) => sum + link.deliver(), 0);
    fault.lateAt = clock();
    fault.note = `${bytes} bytes`;
    if (dies) await slot.start(false);
  },
};

export const LINK_FAULTS: readonly Fault[] = [cut, halfCut, slowLink, deafLink, lateBatch];
