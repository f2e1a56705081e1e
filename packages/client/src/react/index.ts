'use client';
export type { Client } from '../types.ts';
