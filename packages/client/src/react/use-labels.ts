'use client';
import { ENGLISH, type Labels } from './labels.ts';
import { useScope } from './provider.tsx';

/** English, with the words of the provider over it, and those of one component over both. */
export const useLabels = (own: Partial<Labels> | undefined): Labels => {
  const { labels } = useScope();
  return labels || own ? { ...ENGLISH, ...labels, ...own } : ENGLISH;
};
