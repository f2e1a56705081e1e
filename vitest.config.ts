import { defineConfig } from 'vitest/config';

const common = { globals: false, restoreMocks: true, testTimeout: 20_000, hookTimeout: 60_000 } as const;

/**
 * Real processes and stores, with deadlines that the contract promises, on a machine that may be starved: in CI a failure
 * counts when it comes twice, and one that came once is told at the end. Seeds stay the same, so what is wrong by itself
 * fails again.
 */
const retry = process.env.CI === 'true' ? 1 : 0;

/** Most of these wait, for sockets and for Redis: more at a time than there are cores. */
const maxWorkers = 4;

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'unit', include: ['test/unit/**/*.test.ts'], retry, maxWorkers } },
      { test: { ...common, name: 'contract', include: ['test/contract/**/*.test.ts'], retry, maxWorkers } },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          retry,
          fileParallelism: true,
          maxWorkers: 4,
          // Alone: real processes and their timings want the machine to themselves. Projects with worker counts of
          // their own need an order of their own.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'client',
          include: ['packages/*/test/**/*.test.{ts,tsx}'],
          retry,
          maxWorkers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The hooks once more, on the oldest React that they promise.
        resolve: {
          alias: [{ find: /^(react|react-dom)(?=\/|$)/, replacement: '$1-18' }],
        },
        test: {
          ...common,
          name: 'react-18',
          include: ['packages/client/test/react/*.test.tsx'],
          setupFiles: ['packages/client/test/react/react-18.ts'],
          retry,
          maxWorkers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'abuse',
          include: ['test/abuse/**/*.test.ts'],
          testTimeout: 30_000,
          retry,
          // What a bystander feels is measured: one attack at a time, and nothing else beside it.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...common,
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          testTimeout: 120_000,
          retry,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
