export { createClient } from './create-client.ts';
export { RollcallError } from './errors.ts';
export type * from './types.ts';
