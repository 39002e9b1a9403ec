import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from './build.mjs';
import { runNode } from './run.mjs';

/**
 * `npm test`: builds, then lints, checks types and runs every test, and closes with one line of counts, in which
 * each of these checks counts as one. Arguments go to Vitest: `npm test -- test/unit`.
 */
const RESULTS = '.test/results.json';

async function passes(check) {
  try {
    await check();
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

async function runVitest() {
  mkdirSync('.test', { recursive: true });
  rmSync(RESULTS, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)];
  const allPassed = await passes(() => runNode(...vitest));
  const results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = results;
  const skipped = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'skipped' || status === 'pending');
  for (const { fullName } of skipped) console.error(`Skipped: ${fullName}`);
  // A file that can't be loaded, or an error outside every test, fails the run without a failed test.
  const failed = numFailedTests + (allPassed || numFailedTests > 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: skipped.length };
}

const checks = [await passes(build)];
let tests = { passed: 0, failed: 0, skipped: 0 };
if (checks[0]) {
  checks.push(await passes(() => runNode('node_modules/@biomejs/biome/bin/biome', 'ci', '.')));
  checks.push(await passes(() => runNode('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')));
  tests = await runVitest();
}
const passed = tests.passed + checks.filter((ok) => ok).length;
const failed = tests.failed + checks.filter((ok) => !ok).length;
console.log(`${passed} passed, ${failed} failed${tests.skipped ? `, ${tests.skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
