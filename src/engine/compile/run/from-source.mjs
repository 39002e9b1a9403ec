// A follower as the tests run it, from source: a thread needs a loader of its own.
import { tsImport } from 'tsx/esm/api';

await tsImport('./follower.ts', import.meta.url);
