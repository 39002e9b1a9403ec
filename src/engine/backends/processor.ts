import { cpus } from 'node:os';

/** The processor as it calls itself, or its architecture where it is nameless (some ARM hosts). */
export function processorName(): string {
  return cpus()[0]?.model.trim() || process.arch;
}
