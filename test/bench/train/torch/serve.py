"""PyTorch's side of the bench: computes when it is asked to, by a line of JSON, and is idle in between.

    python3 test/bench/train/torch/serve.py WAY SETTING      # both as ../contenders.ts gives them
"""

import json
import sys

import torch

from gemm import Gemm
from monte_carlo import MonteCarlo
from training import Training

KINDS = {"training": Training, "monteCarlo": MonteCarlo, "gemm": Gemm}


def say(answer):
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    way, setting = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(1)
    contender = KINDS[setting["kind"]](setting, way)
    say(contender.prepare())
    for line in sys.stdin:
        say(contender.take_turn(json.loads(line)["seconds"]))
