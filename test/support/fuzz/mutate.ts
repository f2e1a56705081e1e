import type { Dice } from './dice.ts';

/** Values of every kind a field must not have, and some it may. */
const value = (dice: Dice, depth = 0): unknown => {
  const kinds: (() => unknown)[] = [
    () => null,
    () => dice.chance(0.5),
    () => dice.one([0, -1, 1, 1.5, 1e308, 2 ** 53, -0, Number.MAX_SAFE_INTEGER]),
    () => dice.text(dice.below(12)),
    () => 'x'.repeat(dice.below(3000)),
    () =>
      dice.one(['__proto__', 'constructor', 'toString', '', ' ', '..', '2026-11-21T12:00:00Z', 'user', '*']),
    () => [],
    () => ({}),
  ];
  if (depth < 3) {
    kinds.push(() => Array.from({ length: dice.below(4) }, () => value(dice, depth + 1)));
    kinds.push(() => ({
      [dice.one(['user', 'group', '__proto__', 'then', dice.text(3)])]: value(dice, depth + 1),
    }));
  }
  return dice.one(kinds)();
};

/** A copy with some fields changed, gone, doubled in depth or added. */
export const mutated = (dice: Dice, base: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const copy: Record<string, unknown> = { ...base };
  for (let times = 1 + dice.below(3); times > 0; times -= 1) {
    const key = dice.chance(0.8) && Object.keys(copy).length > 0 ? dice.one(Object.keys(copy)) : dice.text(3);
    const change = dice.below(4);
    if (change === 0) delete copy[key];
    else if (change === 1) copy[key] = [copy[key]];
    else
      Object.defineProperty(copy, key, {
        value: value(dice),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return copy;
};

/** Text that was JSON until some of its characters were changed. */
export const garbled = (dice: Dice, text: string): string => {
  const at = dice.below(text.length + 1);
  const cut = at + dice.below(4);
  return dice.one([
    () => text.slice(0, at),
    () => text.slice(0, at) + dice.text(1 + dice.below(3)) + text.slice(cut),
    () => text.slice(0, at) + text.slice(cut),
    () => text + text.slice(at),
    () => dice.text(dice.below(40)),
    () => `${'['.repeat(1 + dice.below(400))}`,
  ])();
};
