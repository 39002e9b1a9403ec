"""What PyTorch gets for the book's experiments, to tell a fault of ours from the luck of a seed.

    python3 test/bench/book/torch_peer.py optimizers|hundred [FOLDER] [SEEDS]

The same networks, initializers, batches of 32 and epochs, and the book's division of Fashion-MNIST as in
../fashion-mnist.ts; prints the validation accuracy after the last epoch, by seed.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

GROUP = sys.argv[1] if len(sys.argv) > 1 else "optimizers"
FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/share/datasets/fashion-mnist")
SEEDS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
BATCH, VALIDATED = 32, 5_000
O = torch.optim
OPTIMIZERS = {
    "momentum": lambda p: O.SGD(p, 0.001, momentum=0.9),
    "Nesterov": lambda p: O.SGD(p, 0.001, momentum=0.9, nesterov=True),
    "AdaGrad": lambda p: O.Adagrad(p, 0.001, initial_accumulator_value=0.1, eps=1e-7),
    "RMSProp": lambda p: O.RMSprop(p, 0.001, alpha=0.9, eps=1e-7),
    "Adam": lambda p: O.Adam(p, 0.001, eps=1e-7),
    "AdaMax": lambda p: O.Adamax(p, 0.001, eps=1e-7),
    "Nadam": lambda p: O.NAdam(p, 0.001, eps=1e-7),
    "AdamW": lambda p: O.AdamW(p, 0.001, eps=1e-7, weight_decay=1e-5),
}


def read(name, header):
    return np.frombuffer(gzip.decompress((FOLDER / name).read_bytes()), np.uint8)[header:]


def network(depth, activation=torch.nn.ReLU, gain=2):
    """`gain`: 2 for he_normal, 1 for lecun_normal."""
    layers = []
    for inputs in [784] + [100] * (depth - 1):
        dense = torch.nn.Linear(inputs, 100)
        # As in Keras: cut off at two standard deviations, widened to the variance that is wanted.
        std = (gain / inputs) ** 0.5 / 0.87962566103423978
        torch.nn.init.trunc_normal_(dense.weight, 0, std, -2 * std, 2 * std)
        torch.nn.init.zeros_(dense.bias)
        layers += [dense, activation()]
    output = torch.nn.Linear(100, 10)
    torch.nn.init.xavier_uniform_(output.weight)
    torch.nn.init.zeros_(output.bias)
    return torch.nn.Sequential(*layers, output)


def accuracy(make, seed, x, y, epochs, build):
    torch.manual_seed(seed)
    model = build()
    optimizer = make(model.parameters())
    train = len(x) - VALIDATED
    for _ in range(epochs):
        for rows in torch.randperm(train).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[train:]).argmax(1) == y[train:]).float().mean().item()


if __name__ == "__main__":
    x = torch.tensor(read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784) / 255, dtype=torch.float32)
    y = torch.tensor(read("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
    if GROUP == "optimizers":
        cases = {name: (make, x, 10, lambda: network(3)) for name, make in OPTIMIZERS.items()}
    else:
        scaled = (x - x[:-VALIDATED].mean()) / x[:-VALIDATED].std()
        sgd = lambda p: O.SGD(p, 0.001)
        cases = {
            "ReLU + He": (sgd, scaled, 5, lambda: network(100)),
            "SELU + LeCun": (sgd, scaled, 5, lambda: network(100, torch.nn.SELU, 1)),
        }
    for name, (make, inputs, epochs, build) in cases.items():
        found = [accuracy(make, seed, inputs, y, epochs, build) for seed in range(SEEDS)]
        print(f"{name}: {np.mean(found):.4f} ({', '.join(f'{value:.4f}' for value in found)})", flush=True)
