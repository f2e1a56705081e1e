import { expect, it } from 'vitest';
import { united, without } from '../../chaos/checker/interval.ts';

const of = (...pairs: [number, number][]) => pairs.map(([from, to]) => ({ from, to }));

it('what touches is one, also over a gap that is allowed', () => {
  expect(united(of([5, 7], [1, 3], [3, 4]))).toEqual(of([1, 4], [5, 7]));
  expect(united(of([5, 7], [1, 4]), 1)).toEqual(of([1, 7]));
});

it('holes are cut out, at the edges and in the middle', () => {
  expect(without(of([0, 10]), of([2, 3], [8, 12], [-1, 1]))).toEqual(of([1, 2], [3, 8]));
  expect(without(of([0, 10]), of([0, 10]))).toEqual([]);
});
