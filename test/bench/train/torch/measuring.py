"""How a contender measures itself; the constants are those of ../protocol.ts."""

import re
import time
from pathlib import Path

STEPS_CHECKED = 20
LOSSES_AVERAGED = 5
WARM_UP_SECONDS = 0.2
PASSES = 100


def steps_a_second(step, seconds):
    """Takes steps for at least so long."""
    started, steps = time.perf_counter(), 0
    while True:
        step()
        steps += 1
        passed = time.perf_counter() - started
        if passed >= seconds:
            return steps / passed


def peak_mib():
    """The most that the process has held: of `getrusage` it would be that of the process it was forked from, too."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024


def fastest(variants, start, seconds=0.2, rounds=3):
    """The variant that makes most steps in its middle round; `start` makes of one a step to be taken again and again."""
    if len(variants) == 1:
        return variants[0]
    steps = [start(variant) for variant in variants]
    for step in steps:
        steps_a_second(step, seconds / 2)
    speeds = [[steps_a_second(step, seconds) for step in steps] for _ in range(rounds)]
    middle = [sorted(own)[rounds // 2] for own in zip(*speeds)]
    return variants[middle.index(max(middle))]
