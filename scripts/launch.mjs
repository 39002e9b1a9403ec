import { build } from './build.mjs';

/**
 * `npm start` and `npm run demo`: builds what is missing, then runs the command in this very process, which
 * npm's script `exec`s: npm passes a signal to the process that it started and waits for that one, and a shell
 * in between would die of it and leave the service behind.
 */
try {
  await build();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/apps/cli/main.js');
