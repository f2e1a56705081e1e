/** A call that a fake does not answer, because nothing under test makes it. */
export const notHere = async (): Promise<never> => {
  throw new Error('not here');
};
