// read-test-report.mjs FILE: vitest's JSON report in a few lines. First "passed failed skipped", then one line for each
// failure, also for one that the next try made good: its file, its name and how its message begins. No report at all
// counts nothing: the caller knows the exit code.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MESSAGE_CHARACTERS = 400;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const COLOURS = /\u001b\[[0-9;]*m/g;

const report = read(process.argv[2]);
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  counts.passed += file.assertionResults.filter((test) => test.status === 'passed').length;
  counts.skipped += file.assertionResults.filter((test) =>
    ['skipped', 'pending', 'todo'].includes(test.status),
  ).length;
  counts.failed += failed.length;
  for (const test of failed)
    failures.push(`${name} > ${test.fullName}: ${shortened(test.failureMessages.join(' | '))}`);
  for (const test of file.assertionResults.filter(isFlaky))
    failures.push(
      `passed at the second try: ${name} > ${test.fullName}: ${shortened(test.failureMessages.join(' | '))}`,
    );
  // A file that could not be loaded, or whose hooks failed, may have no failed test in it: it counts as one.
  if (file.status === 'failed' && failed.length === 0) {
    counts.failed += 1;
    failures.push(`${name}: ${shortened(file.message ?? '')}`);
  }
}
console.log(`${counts.passed} ${counts.failed} ${counts.skipped}`);
for (const failure of failures) console.log(failure);

/** Messages of a test that passed are those of the tries before. */
function isFlaky({ status, failureMessages }) {
  return status === 'passed' && failureMessages.length > 0;
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { testResults: [] };
  }
}

function shortened(message) {
  return message.replace(COLOURS, '').replace(/\s+/g, ' ').trim().slice(0, MESSAGE_CHARACTERS);
}
