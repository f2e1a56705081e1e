import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../mutants/list.ts';
import { mutated } from '../../mutants/mutant.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(ROOT + file, 'utf8');

/** Whether they die takes minutes: `npm run test:mutants`. That they still fit is known at once. */
describe('mutants', () => {
  it.each(MUTANTS)('$name fits the source, and its test is there', (mutant) => {
    expect(mutated(read(mutant.file), mutant)).not.toBe(read(mutant.file));
    expect(read(mutant.test)).toContain(mutant.title);
  });

  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it('whose text is not there, or twice, are an error', () => {
    const mutant = {
      ...MUTANTS[0],
      name: 'm',
      file: 'f',
      from: 'a',
      to: 'b',
      test: '',
      title: '',
      proves: '',
    };
    expect(mutated('xay', mutant)).toBe('xby');
    expect(() => mutated('xy', mutant)).toThrow('does not fit');
    expect(() => mutated('axa', mutant)).toThrow('does not fit');
  });
});
