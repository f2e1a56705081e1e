/** What waiting work may take of the loop in one go, ms: then sockets, timers and Redis are looked at again. */
const SLICE_MS = 5;
/** What somebody cost is forgotten when nothing has waited for so long, ms. */
const FORGET_MS = 1000;
/** Whoever asked for less than others is ahead of them by this cost at most: that of the largest frame. */
const CREDIT = 30;
/** People who are remembered though nothing of theirs waits, before those who owe nothing are thrown away. */
const REMEMBERED = 1000;

/** A piece of work that cannot be interrupted. */
export interface Work {
  /** For whom it is done; asked for only when it has to wait. */
  readonly person: string;
  /** Does it. @returns what it cost, in what the answer to a ping costs. */
  run(): number;
}

interface Person {
  /** Cost of the person's work, on the scale of what everybody else was given meanwhile. */
  owes: number;
  readonly works: Work[];
  /** Where the first of {@link works} stands in the order of turns. */
  at: number;
  /** Among those at one place whoever came first is next. */
  since: number;
}

export interface FairTurnsOptions {
  /** ms of a monotonic clock. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** Calls back once whatever else has come was looked at. */
  readonly yieldFirst?: (next: () => void) => void;
}

/**
 * Shares one event loop among people. Work is done as it comes while the loop has time for it. When a few milliseconds
 * were spent in one turn of the loop, work waits, and whoever was given least is next, however much others have waiting:
 * who asks for little is held up by one piece of work and not by a queue. This is start-time fair queueing (Goyal, Vin
 * and Cheng, 1996) with people as its flows.
 */
export class FairTurns {
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #yieldFirst: (next: () => void) => void;
  readonly #people = new Map<string, Person>();
  /** A heap of those with work that waits; the next one first. */
  readonly #next: Person[] = [];
  /** Where the order of turns has come to. */
  #reached = 0;
  #count = 0;
  #size = 0;
  #spentMs = 0;
  #isRunning = false;
  #isYielding = false;
  #emptySince = Number.NEGATIVE_INFINITY;

  constructor({ now, onError, yieldFirst = setImmediate }: FairTurnsOptions) {
    this.#now = now;
    this.#onError = onError;
    this.#yieldFirst = yieldFirst;
  }

  /** Pieces of work that wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether work that came now would wait. */
  get busy(): boolean {
    return this.#size > 0 || this.#isRunning || this.#spentMs >= SLICE_MS;
  }

  /** Does the work now, or in its turn. Work of one person is done in the order in which it was added. */
  add(work: Work): void {
    if (this.busy) this.#queue(work);
    else this.#run(work);
    this.#yield();
  }

  #queue(work: Work): void {
    if (this.#size === 0 && this.#now() - this.#emptySince > FORGET_MS) this.#people.clear();
    const { person: key } = work;
    let person = this.#people.get(key);
    if (person === undefined) {
      if (this.#people.size > REMEMBERED + 2 * this.#next.length) this.#prune();
      person = { owes: Number.NEGATIVE_INFINITY, works: [], at: 0, since: 0 };
      this.#people.set(key, person);
    }
    person.works.push(work);
    this.#size += 1;
    if (person.works.length === 1) this.#enter(person);
  }

  #enter(person: Person): void {
    person.at = Math.max(this.#reached - CREDIT, person.owes);
    person.since = ++this.#count;
    push(this.#next, person);
  }

  #yield(): void {
    if (this.#isYielding) return;
    this.#isYielding = true;
    this.#yieldFirst(() => {
      this.#isYielding = false;
      this.#spentMs = 0;
      this.#goOn();
      // Sockets are looked at next, and what they bring counts to the same slice.
      if (this.busy) this.#yield();
    });
  }

  #goOn(): void {
    while (this.#spentMs < SLICE_MS) {
      const person = pop(this.#next);
      const work = person?.works.shift();
      if (person === undefined || work === undefined) return;
      this.#size -= 1;
      this.#reached = Math.max(this.#reached, person.at);
      person.owes = person.at + this.#run(work);
      if (person.works.length > 0) this.#enter(person);
      if (this.#size === 0) this.#emptySince = this.#now();
    }
  }

  #run(work: Work): number {
    const begun = this.#now();
    this.#isRunning = true;
    try {
      return work.run();
    } catch (error) {
      this.#onError(error);
      return 1;
    } finally {
      this.#isRunning = false;
      this.#spentMs += this.#now() - begun;
    }
  }

  #prune(): void {
    for (const [key, { works, owes }] of this.#people) {
      if (works.length === 0 && owes <= this.#reached) this.#people.delete(key);
    }
  }
}

const before = (one: Person, other: Person): boolean =>
  one.at < other.at || (one.at === other.at && one.since < other.since);

const push = (heap: Person[], person: Person): void => {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Person;
    if (!before(person, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = person;
};

const pop = (heap: Person[]): Person | undefined => {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const right = heap[child + 1];
    if (right !== undefined && before(right, heap[child] as Person)) child += 1;
    if (!before(heap[child] as Person, last)) break;
    heap[at] = heap[child] as Person;
    at = child;
  }
  heap[at] = last;
  return first;
};

/** Acts when it is somebody's turn. @param act - returns what it cost. Rejects with what it throws. */
export const inTurn = (turns: Pick<FairTurns, 'add'>, person: string, act: () => number): Promise<void> =>
  new Promise((resolve, reject) => {
    turns.add({
      person,
      run: () => {
        try {
          const cost = act();
          resolve();
          return cost;
        } catch (error) {
          reject(error);
          return 1;
        }
      },
    });
  });
