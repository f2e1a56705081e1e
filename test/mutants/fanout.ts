import type { Mutant } from './mutant.ts';

/** Mistakes in `src/fanout/`. */
export const FANOUT: readonly Mutant[] = [
  {
    name: 'sent beside the stream and again in it',
    file: 'src/fanout/outbox.ts',
    from: 'if (to === stream.head) this.#ahead = undefined;',
    to: 'this.#ahead = undefined;',
    test: 'test/unit/fanout/backpressure.test.ts',
    title: 'are told of once when a full frame ends before what they were told',
    proves: 'a change is sent twice when a frame is full',
  },
  {
    name: 'past those who wait',
    file: 'src/fanout/outbox.ts',
    from: 'if (!this.#inWindow && this.#pending.size === 0 && this.#writable(now)) {',
    to: 'if (!this.#inWindow && this.#writable(now)) {',
    test: 'test/unit/fanout/backpressure.test.ts',
    title: 'gets a change once when it reads again before anybody says so',
    proves: 'a change overtakes an older one of the same user, which is sent after it',
  },
];
