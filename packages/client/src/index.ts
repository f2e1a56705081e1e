export { RollcallError } from './errors.ts';
export type * from './types.ts';
