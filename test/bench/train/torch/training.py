"""Trains, each turn from the same initial weights, the way that was fastest of those an able user tries."""

import itertools
import time
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from examples import input_batches, read_targets
from measuring import LOSSES_AVERAGED, STEPS_CHECKED, WARM_UP_SECONDS, fastest, peak_mib, steps_a_second
from models import MODELS, clip_norm, optimizer
from weights import load

NAMES = {torch.contiguous_format: "channels first", torch.channels_last: "channels last"}


class Training:
    def __init__(self, setting, _way):
        self.name, self.batch, self.examples = setting["model"], setting["batch"], setting["examples"]
        self.is_picture = len(self.examples["inputShape"]) == 3
        self.measure = F.mse_loss if self.examples["classes"] is None else F.cross_entropy
        self.initial = load(MODELS[self.name](), setting["initial"])
        self.loss = None

    def prepare(self):
        step = self.start((torch.contiguous_format, False))
        started = time.perf_counter()
        step()
        first = time.perf_counter() - started
        layouts = [torch.contiguous_format] + [torch.channels_last] * self.is_picture
        self.variant = fastest(list(itertools.product(layouts, (False, True))), self.start)
        return {"firstStepMs": 1000 * first, "loss": self.check(), "variant": self.told()}

    def told(self):
        layout, foreach = self.variant
        names = [NAMES[layout]] * self.is_picture + ["foreach" if foreach else "for loop"]
        return ", ".join(names)

    def check(self):
        step, losses = self.start(self.variant), []
        for _ in range(STEPS_CHECKED):
            step()
            losses.append(self.loss.item())
        return sum(losses[-LOSSES_AVERAGED:]) / LOSSES_AVERAGED

    def take_turn(self, seconds):
        step = self.start(self.variant)
        steps_a_second(step, WARM_UP_SECONDS)
        steps = steps_a_second(step, seconds)
        return {
            "stepsPerSecond": steps,
            "samplesPerSecond": steps * self.batch,
            "rssMiB": peak_mib(),
            "loss": self.loss.item(),
        }

    def start(self, variant):
        """Afresh; the answer takes one step with the next batch each time, and leaves its loss on the device."""
        layout, foreach = variant
        model = deepcopy(self.initial).to(memory_format=layout if self.is_picture else torch.preserve_format)
        parameters = list(model.parameters())
        update = optimizer(self.name, parameters, foreach)
        bound = clip_norm(self.name)
        inputs = input_batches(self.examples, self.batch, layout)
        batches = itertools.cycle(zip(inputs, read_targets(self.examples).split(self.batch)))

        def step():
            x, y = next(batches)
            update.zero_grad(set_to_none=True)
            loss = self.measure(model(x), y)
            loss.backward()
            if bound is not None:
                nn.utils.clip_grad_norm_(parameters, bound)
            update.step()
            self.loss = loss.detach()

        return step
