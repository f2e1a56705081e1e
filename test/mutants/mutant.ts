/** One small mistake, and the test that has to notice it. */
export interface Mutant {
  /** Short, in lower case, unique. */
  readonly name: string;
  /** Below the repository's root; the text to look for must be there exactly once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The file of the test that must fail, and a part of its title (with those of its `describe`s, separated by blanks). */
  readonly test: string;
  readonly title: string;
  /** What would be true of the service with this mistake in it. */
  readonly proves: string;
}

/** The text with the mistake in it. @throws Error when the mutant does not fit. */
export const mutated = (text: string, { name, file, from, to }: Mutant): string => {
  const found = text.split(from).length - 1;
  if (found !== 1) throw new Error(`${name} does not fit: ${file} has ${found} times: ${from}`);
  return text.replace(from, () => to);
};
