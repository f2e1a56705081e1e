export type { Client } from '../types.ts';
