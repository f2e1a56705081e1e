import { clock } from '../history/recorder.ts';
import { CHAOS_TIMINGS } from '../timings.ts';
import { type Fault, forMs } from './fault.ts';

const { heartbeatTtlMs: ttl, heartbeatIntervalMs: interval } = CHAOS_TIMINGS;

/** `kill -9`; another process takes the place later. */
const kill: Fault = {
  kind: 'node killed',
  weight: 4,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const fault = recorder.fault(kill.kind, 'death', [slot.index]);
    await slot.kill();
    fault.to = clock();
    await forMs(random.between(200, 4_000));
    await slot.start(false);
  },
};

const pauseFor = (
  kind: string,
  low: number,
  high: number,
  isNoticed: boolean,
  isSuspended = false,
): Fault => ({
  kind,
  weight: 2,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const fault = recorder.fault(kind, isNoticed ? 'node' : 'none', [slot.index]);
    slot.suspend(isSuspended);
    slot.pause();
    await forMs(random.between(low, high));
    slot.resume();
    fault.to = clock();
    // It has to look at its clock once before the next fault.
    await forMs(200);
    slot.suspend(false);
  },
});

/** Stopped for longer than its lease: it is fenced. */
const pauseLong = pauseFor('node paused beyond its time to live', ttl + 500, 2 * ttl + 1_000, true);
/** The same on a virtual machine whose monotonic clock stood still with it. */
const suspend = pauseFor('node suspended, its clock too', ttl + 300, 2 * ttl, true, true);
/** Stopped for just less than its lease: nobody may notice. */
const pauseShort = pauseFor('node paused just below its time to live', ttl / 2, ttl - interval - 400, false);

/** Its clocks step: only the clock of Redis may matter. */
const clockStep: Fault = {
  kind: 'clock of a node steps',
  weight: 1,
  needs: 'node',
  async run({ recorder, random, slot }) {
    const wall = Math.round(random.between(-60_000, 60_000));
    const fault = recorder.fault(clockStep.kind, 'none', [slot.index]);
    fault.note = `${wall} ms`;
    slot.stepClock(wall);
    await forMs(random.between(300, 2_000));
    fault.to = clock();
  },
};

/** Every node is restarted, one after another: a deploy. */
const rollingRestart: Fault = {
  kind: 'all nodes restarted in turn',
  weight: 1.5,
  needs: 'all',
  async run({ recorder, world }) {
    for (const slot of world.slots) {
      const fault = recorder.fault(rollingRestart.kind, 'restart', [slot.index]);
      const code = await slot.terminate();
      if (code !== 0) fault.note = `exit code ${code}`;
      await slot.start();
      fault.to = clock();
    }
  },
};

export const NODE_FAULTS: readonly Fault[] = [
  kill,
  pauseLong,
  suspend,
  pauseShort,
  clockStep,
  rollingRestart,
];
