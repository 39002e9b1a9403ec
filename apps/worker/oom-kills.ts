import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/** How often the kernel killed for want of memory in this process's control group; 0 where it doesn't say. */
export async function countOomKills(): Promise<number> {
  const groups = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  for (const file of filesThatSay(groups)) {
    const count = /^oom_kill (\d+)$/m.exec(await readFile(file, 'utf8').catch(() => ''))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

/**
 * Where the kernel counts: of control groups of version 2 and of version 1. A container may see its own group as the
 * root, though its path names it as the host does.
 * @param groups the content of /proc/self/cgroup: lines `number:controllers:path`, without a controller in version 2
 */
export function filesThatSay(groups: string): string[] {
  const path = (controllers: string) =>
    new RegExp(`^\\d+:${controllers}:(.+)$`, 'm').exec(groups)?.[1] ?? '/';
  const v1 = join(MOUNT, 'memory');
  return [
    join(MOUNT, path(''), 'memory.events'),
    join(MOUNT, 'memory.events'),
    join(v1, path('(?:[^:]*,)?memory(?:,[^:]*)?'), 'memory.oom_control'),
    join(v1, 'memory.oom_control'),
  ];
}
