"""What PyTorch gets for the optimizers' experiment, to tell a fault of ours from the luck of a seed.

    python3 test/bench/book/torch_peer.py [FOLDER] [SEEDS]

The same network, initializers, batches of 32, ten epochs, and the book's division of Fashion-MNIST as in
fashion-mnist.ts; prints each optimizer's validation accuracy after the last epoch, by seed.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
SEEDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
EPOCHS, BATCH, VALIDATED = 10, 32, 5_000
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


def network():
    layers = []
    for inputs in [784, 100, 100]:
        dense = torch.nn.Linear(inputs, 100)
        # Keras's he_normal: cut off at two standard deviations, widened to the variance that is wanted.
        std = (2 / inputs) ** 0.5 / 0.87962566103423978
        torch.nn.init.trunc_normal_(dense.weight, 0, std, -2 * std, 2 * std)
        torch.nn.init.zeros_(dense.bias)
        layers += [dense, torch.nn.ReLU()]
    output = torch.nn.Linear(100, 10)
    torch.nn.init.xavier_uniform_(output.weight)
    torch.nn.init.zeros_(output.bias)
    return torch.nn.Sequential(*layers, output)


def accuracy(make, seed, x, y):
    torch.manual_seed(seed)
    model = network()
    optimizer = make(model.parameters())
    train = len(x) - VALIDATED
    for _ in range(EPOCHS):
        for rows in torch.randperm(train).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[train:]).argmax(1) == y[train:]).float().mean().item()


if __name__ == "__main__":
    x = torch.tensor(read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784) / 255, dtype=torch.float32)
    y = torch.tensor(read("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
    for name, make in OPTIMIZERS.items():
        found = [accuracy(make, seed, x, y) for seed in range(SEEDS)]
        print(f"{name}: {np.mean(found):.4f} ({', '.join(f'{value:.4f}' for value in found)})", flush=True)
