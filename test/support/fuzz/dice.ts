/** Repeatable chance (mulberry32): the same seed gives the same run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  one<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }

  text(length: number): string {
    return Array.from({ length }, () => this.one(LETTERS)).join('');
  }
}

/** Also what breaks careless parsers: controls, halves of pairs, quotes, other digits, combining marks. */
const LETTERS = [
  ...'aZ09 .,:;/\\"\'{}[]%&?#<>*+-_=~^|\0\n\r\t\u007f\u2028é漢🙂٣',
  '\ud800',
  '\udfff',
  '\u0301',
  '..',
];
