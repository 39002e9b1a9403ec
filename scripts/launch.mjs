import { build } from './build.mjs';

/**
 * `npm start` and `npm run demo`: builds what is missing, then runs the command in this very process, which
 * npm's script `exec`s: npm passes a signal to the process that it started and waits for that one, and a shell
 * in between would die of it and leave the service behind.
 */
await build();
await import('../dist/apps/cli/main.js');
