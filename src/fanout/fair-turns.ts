/** What waiting work may take of the loop in one go, ms: then sockets, timers and Redis are looked at again. */
const SLICE_MS = 3;
/** What a person cost is forgotten when nothing has waited for so long, ms. */
const FORGET_MS = 1000;
/** What a person was given counts half after so long, ms. */
const HALF_LIFE_MS = 1000;
/** Weights stay well inside what a number holds: beyond so many half-lives they are counted from a new moment. */
const HALF_LIVES = 400;
/** People who are remembered though nothing of theirs waits, before those who were given next to nothing are dropped. */
const REMEMBERED = 1000;

/** A piece of work that cannot be interrupted. */
export interface Work {
  /** For whom it is done; asked for only when it has to wait. */
  readonly person: string;
  /** Does it. @returns what it cost, in what the answer to a ping costs. */
  run(): number;
}

interface Person {
  /**
   * What the person was given of late. A cost weighs twice as much for each half-life that it is younger, instead of all
   * older ones being halved again and again: the order of people stays as it is while time passes.
   */
  given: number;
  readonly works: Work[];
  /** Among people who were given the same, the one who came first is next. */
  since: number;
}

export interface FairTurnsOptions {
  /** ms of a monotonic clock. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** What waiting work may take of the loop in one go, ms; default 3. */
  readonly sliceMs?: number;
  /** Calls back once whatever else has come was looked at. */
  readonly yieldFirst?: (next: () => void) => void;
}

/**
 * Shares one event loop among people. Work is done as it comes while the loop has time for it. When a few milliseconds
 * were spent in one turn of the loop, work waits, and the person who was given least of late is next, however much others
 * have waiting. A person waits only for people who were given less. No person waits for ever, because what was given is
 * forgotten by halves. Schedulers of processes know this as decay usage.
 */
export class FairTurns {
  readonly #now: () => number;
  readonly #sliceMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #yieldFirst: (next: () => void) => void;
  readonly #people = new Map<string, Person>();
  /** A heap of those with work that waits; the next one first. */
  readonly #next: Person[] = [];
  /** The moment at which a cost weighs 1. */
  #base = 0;
  /** What a cost weighs now. */
  #weight = 1;
  #pruneAt = REMEMBERED;
  #count = 0;
  #size = 0;
  #spentMs = 0;
  #isRunning = false;
  #isYielding = false;
  #emptySince = Number.NEGATIVE_INFINITY;

  constructor({ now, onError, sliceMs = SLICE_MS, yieldFirst = setImmediate }: FairTurnsOptions) {
    this.#sliceMs = sliceMs;
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
    return this.#size > 0 || this.#isRunning || this.#spentMs >= this.#sliceMs;
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
      if (this.#people.size >= this.#pruneAt) this.#prune();
      person = { given: 0, works: [], since: 0 };
      this.#people.set(key, person);
    }
    person.works.push(work);
    this.#size += 1;
    if (person.works.length === 1) this.#enter(person);
  }

  #enter(person: Person): void {
    person.since = ++this.#count;
    push(this.#next, person);
  }

  #yield(): void {
    if (this.#isYielding) return;
    this.#isYielding = true;
    this.#yieldFirst(() => {
      this.#isYielding = false;
      this.#spentMs = 0;
      this.#weigh();
      this.#goOn();
      // Sockets are looked at next, and what they bring counts to the same slice.
      if (this.busy) this.#yield();
    });
  }

  #weigh(): void {
    const halfLives = (this.#now() - this.#base) / HALF_LIFE_MS;
    this.#weight = 2 ** Math.min(halfLives, HALF_LIVES);
    if (halfLives < HALF_LIVES) return;
    for (const person of this.#people.values()) person.given /= this.#weight;
    this.#base = this.#now();
    this.#weight = 1;
  }

  #goOn(): void {
    while (this.#spentMs < this.#sliceMs) {
      const person = pop(this.#next);
      const work = person?.works.shift();
      if (person === undefined || work === undefined) return;
      this.#size -= 1;
      person.given += this.#weight * this.#run(work);
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
    for (const [key, { works, given }] of this.#people) {
      if (works.length === 0 && given <= this.#weight) this.#people.delete(key);
    }
    this.#pruneAt = Math.max(REMEMBERED, 2 * this.#people.size);
  }
}

const before = (one: Person, other: Person): boolean =>
  one.given < other.given || (one.given === other.given && one.since < other.since);

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

/** Acts when it is a person's turn. @param act - returns what it cost. Rejects with what it throws. */
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
