import type { FanoutContext } from './context.ts';
import type { CachedUser } from './views/cached-user.ts';
import type { ViewRecord } from './views/view-record.ts';

/** Gathers views until a frame is full. */
export class FrameBuilder {
  readonly records: ViewRecord[] = [];
  readonly #context: FanoutContext;
  #chars = 0;

  constructor(context: FanoutContext) {
    this.#context = context;
  }

  get full(): boolean {
    const { frameUsers, frameChars } = this.#context.tuning;
    return this.records.length >= frameUsers || this.#chars >= frameChars;
  }

  add({ record }: CachedUser): void {
    if (record === undefined) return;
    this.records.push(record);
    this.#chars += this.#context.encoder.json(record).length;
  }
}
