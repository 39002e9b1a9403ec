import { describe, expect, it } from 'vitest';
import { filesThatSay } from '../../../apps/worker/oom-kills.ts';

describe('where the kernel counts what it killed for want of memory', () => {
  it('is the process’s own group, or what a container sees as the root, of version 2', () => {
    expect(filesThatSay('0::/system.slice/trainyard.service\n').slice(0, 2)).toEqual([
      '/sys/fs/cgroup/system.slice/trainyard.service/memory.events',
      '/sys/fs/cgroup/memory.events',
    ]);
  });

  it.each([['4:memory:/docker/ab12\n3:cpuset:/\n0::/\n'], ['2:cpu,memory:/docker/ab12\n']])(
    'is the memory controller’s of version 1 in %j',
    (groups) => {
      expect(filesThatSay(groups).slice(2)).toEqual([
        '/sys/fs/cgroup/memory/docker/ab12/memory.oom_control',
        '/sys/fs/cgroup/memory/memory.oom_control',
      ]);
    },
  );
});
