import { readFile } from 'node:fs/promises';

/** What Linux knows of processes. */

const TICKS_A_SECOND = 100;

/** The process ids of a process's children: a worker's trainer and predictor. */
export async function childrenOf(pid: number): Promise<{ pid: number; program: string }[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const found = children.trim().split(' ').filter(Boolean).map(Number);
  return Promise.all(
    found.map(async (child) => ({
      pid: child,
      program: await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => ''),
    })),
  );
}

/** Of the run; of a worker without one, the trainer that stands ready. */
export async function trainerOf(worker: { pid?: number | undefined }): Promise<number> {
  const trainer = (await childrenOf(worker.pid!)).find(({ program }) => program.includes('trainer.js'));
  if (!trainer) throw new Error('the worker has no trainer');
  return trainer.pid;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** How long a process has computed, in seconds; null when it has ended. */
export async function computedSeconds(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
