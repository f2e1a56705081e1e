import { expect, it } from 'vitest';
import { closeLabel } from '../../../src/session/close-label.ts';

/** A series lives as long as the process. */
it('whatever code a peer invents, it makes no series of its own', () => {
  const labels = new Set(Array.from({ length: 5000 }, (_, code) => closeLabel(code)));
  expect(labels.size).toBeLessThan(25);
  expect(labels).toContain('other');
  expect(closeLabel(4409)).toBe('4409');
});
