import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the system and `probe.mjs` tell of another process. */

const MIB = 1024 ** 2;
/** `getconf CLK_TCK` of every Linux on x86 and ARM. */
const TICKS_PER_SECOND = 100;

export const PROBE = new URL('./probe.mjs', import.meta.url).href;

export interface Probed {
  /** How late the event loop was, in milliseconds. */
  loop: { p50: number; p99: number; max: number };
  /** What is still held after a collection, in MiB. */
  heap: number;
}

/** Resident memory in MiB; NaN for a process that is gone. */
export function residentMiB(pid: number): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib) / 1024;
  } catch {
    return NaN;
  }
}

/** Seconds of a core that a process has used, in user and system mode. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in brackets, may hold blanks: the 14th and 15th field are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Asks a process that has the probe imported. */
export async function probe(pid: number): Promise<Probed> {
  const file = join(tmpdir(), `trainyard-probe-${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let waited = 0; waited < 200 && !isWhole(file); waited++) await sleep(50);
  const { loop, heap } = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(file);
  return { loop, heap: heap / MIB };
}

function isWhole(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').endsWith('}');
}
