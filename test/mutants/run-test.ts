import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { own } from '../support/child.ts';
import type { Mutant } from './mutant.ts';

/** What became of the tests of one title. */
export type Verdict =
  | { readonly passed: true }
  /** The first line of what the first failed test says. */
  | { readonly passed: false; readonly because: string };

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** A mutant may bring about an endless loop; that is no assertion that failed. */
const LIMIT_MS = 120_000;

/** Of what a failed test says, characters. */
const SHOWN = 200;

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const readReport = (file: string): Report | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
};

/**
 * Runs the test of a mutant in a checkout.
 *
 * @throws Error when no test of that title ran to its end: that says nothing of the mutant.
 */
export const runTest = async (root: string, { name, test, title }: Mutant): Promise<Verdict> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-report-'));
  const file = join(folder, 'report.json');
  const env = { ...process.env };
  // The sources as they are in the checkout, not a build of something else.
  delete env.ROLLCALL_MAIN;
  try {
    const child = own(
      spawn(
        process.execPath,
        [
          'node_modules/vitest/vitest.mjs',
          'run',
          test,
          '-t',
          literal(title),
          '--retry=0',
          '--reporter=json',
          `--outputFile=${file}`,
        ],
        { cwd: root, env, stdio: 'ignore' },
      ),
    );
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    await new Promise((resolve) => child.once('exit', resolve));
    clearTimeout(limit);
    const report = readReport(file);
    if (report === undefined) throw new Error(`${name}: ${test} did not end`);
    const { numPassedTests, numFailedTests, testResults } = report;
    if (numPassedTests + numFailedTests === 0) {
      const why = testResults[0]?.message ?? '';
      throw new Error(`${name}: ${test} has no test that ran of the title "${title}" ${why}`.trim());
    }
    if (numFailedTests === 0) return { passed: true };
    const failed = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .find((one) => one.status === 'failed');
    return { passed: false, because: failed?.failureMessages?.[0]?.split('\n')[0]?.slice(0, SHOWN) ?? '' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
