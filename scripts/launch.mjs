import { build } from './build.mjs';

/**
 * `npm start` and `npm run demo`: builds what is missing, then runs the command in this very process, so that
 * the signals which npm passes on reach it.
 */
await build();
await import('../dist/apps/cli/main.js');
