"""Square matrix products, one after another: what the machine's BLAS can do at best."""

import torch

from measuring import WARM_UP_SECONDS, peak_mib, steps_a_second


class Gemm:
    def __init__(self, setting, _way):
        side = setting["batch"]
        self.a, self.b, self.c = (torch.randn(side, side) for _ in range(3))

    def prepare(self):
        return {"loss": None}

    def take_turn(self, seconds):
        step = lambda: torch.mm(self.a, self.b, out=self.c)
        steps_a_second(step, WARM_UP_SECONDS)
        steps = steps_a_second(step, seconds)
        return {"stepsPerSecond": steps, "samplesPerSecond": steps, "rssMiB": peak_mib(), "loss": None}
