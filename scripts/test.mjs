import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from './build.mjs';
import { runNode } from './run.mjs';

/**
 * `npm test`: builds, then lints, checks types and runs every test, and closes with one line of counts.
 * Arguments go to Vitest: `npm test -- test/unit`.
 */
const RESULTS = '.test/results.json';

async function passes(script, ...args) {
  try {
    await runNode(script, ...args);
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

async function runTests() {
  mkdirSync('.test', { recursive: true });
  rmSync(RESULTS, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`];
  const allPassed = await passes(
    'node_modules/vitest/vitest.mjs',
    'run',
    ...reporters,
    ...process.argv.slice(2),
  );
  const results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = results;
  // A file that can't be loaded, or an error outside every test, fails the run without a failed test.
  const failed = numFailedTests + (allPassed || numFailedTests > 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

await build();
const checks = [
  await passes('node_modules/@biomejs/biome/bin/biome', 'ci', '.'),
  await passes('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'),
];
const tests = await runTests();
const passed = tests.passed + checks.filter((ok) => ok).length;
const failed = tests.failed + checks.filter((ok) => !ok).length;
console.log(`${passed} passed, ${failed} failed${tests.skipped ? `, ${tests.skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
