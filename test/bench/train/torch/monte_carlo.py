"""Monte-Carlo dropout: many passes over the same rows with dropout on, summed up to means, deviations, entropies.

PyTorch draws a mask of its own for every row of a pass, where ours draws one a pass that all rows share: both are
samples of the same predictive distribution for a row, and ours draws less.
"""

import time

import torch
from torch import nn

from examples import read_inputs
from measuring import PASSES, WARM_UP_SECONDS, fastest, peak_mib, steps_a_second
from models import MODELS
from weights import load


class MonteCarlo:
    """`loop` takes pass after pass through the whole network, `batched` several at once through what is random."""

    def __init__(self, setting, way):
        self.rows = setting["batch"]
        self.x = read_inputs(setting["examples"])[: self.rows].clone()
        self.model = load(MODELS[setting["model"]](), setting["initial"]).train()
        first = next(i for i, module in enumerate(self.model) if isinstance(module, nn.Dropout))
        self.below, self.above = self.model[:first], self.model[first:]
        self.variants = [lambda: self.loop()] if way == "loop" else [self.batched(n) for n in (10, 25, PASSES)]
        self.is_batched = way != "loop"
        self.summary = None

    def prepare(self):
        started = time.perf_counter()
        self.variants[-1]()
        first = time.perf_counter() - started
        self.request = fastest(self.variants, lambda variant: variant)
        self.request()
        answer = {"firstStepMs": 1000 * first, "loss": self.deviation()}
        if self.is_batched:
            answer["variant"] = f"{self.request.passes} passes at once, what is below dropout once"
        return answer

    def take_turn(self, seconds):
        steps_a_second(self.request, WARM_UP_SECONDS)
        steps = steps_a_second(self.request, seconds)
        return {
            "stepsPerSecond": steps,
            "samplesPerSecond": steps * self.rows,
            "rssMiB": peak_mib(),
            "loss": self.deviation(),
        }

    def deviation(self):
        return self.summary[1].mean().item()

    @torch.inference_mode()
    def loop(self):
        self.sum_up(torch.stack([self.model(self.x) for _ in range(PASSES)]))

    def batched(self, passes):
        @torch.inference_mode()
        def request():
            known = self.below(self.x)
            many = known.repeat(passes, *[1] * (known.dim() - 1))
            outputs = [self.above(many) for _ in range(PASSES // passes)]
            self.sum_up(torch.cat(outputs).reshape(PASSES, self.rows, -1))

        request.passes = passes
        return request

    def sum_up(self, outputs):
        logs = outputs.log_softmax(-1)
        probabilities = logs.exp()
        mean = probabilities.mean(0)
        std = probabilities.std(0, unbiased=False)
        predictive = torch.special.entr(mean).sum(-1)
        expected = -(probabilities * logs).sum(-1).mean(0)
        self.summary = mean, std, predictive, expected, predictive - expected
