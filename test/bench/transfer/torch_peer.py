"""What PyTorch gets for the book's model B from scratch, with one sigmoid unit as the book has it and with a softmax
of two as ours: to tell what of a difference is the output's.

    python3 test/bench/transfer/torch_peer.py [FOLDER] [SEEDS]

The same networks, initializers, rate, batches of 32 and 20 epochs on the first 200 examples of two classes, as in
book-pairs.ts; prints the accuracy on the 2,000 that test.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
SEEDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
VALIDATED, LABELLED, EPOCHS, BATCH = 5_000, 200, 20, 32


def read(name, header):
    return np.frombuffer(gzip.decompress((FOLDER / name).read_bytes()), np.uint8)[header:]


def pictures(name, pair):
    x = read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784) / 255
    y = read(f"{name}-labels-idx1-ubyte.gz", 8)
    return [(torch.tensor(x, dtype=torch.float32)[rows], torch.tensor(y[rows] == max(pair)).long())
            for rows in [np.isin(y, pair) & part for part in parts(len(y))]]


def parts(count):
    """All rows, those but the first 5,000, and those but the last."""
    rows = np.arange(count)
    return [rows >= 0, rows >= VALIDATED, rows < count - VALIDATED]


def he_normal(weight):
    # As in Keras: cut off at two standard deviations, widened to the variance that is wanted.
    std = (2 / weight.shape[1]) ** 0.5 / 0.87962566103423978
    torch.nn.init.trunc_normal_(weight, 0, std, -2 * std, 2 * std)


def network(units, activation, initialize, outputs):
    layers, width = [], 784
    for count in units:
        dense = torch.nn.Linear(width, count)
        initialize(dense.weight)
        torch.nn.init.zeros_(dense.bias)
        layers += [dense, activation()]
        width = count
    output = torch.nn.Linear(width, outputs)
    torch.nn.init.xavier_uniform_(output.weight)
    torch.nn.init.zeros_(output.bias)
    return torch.nn.Sequential(*layers, output)


def accuracy(build, seed, x, y, test_x, test_y):
    torch.manual_seed(seed)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), 0.001)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            outputs = model(x[rows])
            sigmoid = outputs.shape[1] == 1
            loss = (F.binary_cross_entropy_with_logits(outputs[:, 0], y[rows].float()) if sigmoid
                    else F.cross_entropy(outputs, y[rows]))
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        outputs = model(test_x)
        told = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(1)
        return (told.long() == test_y).float().mean().item()


if __name__ == "__main__":
    EDITIONS = {
        "Sandal or shirt": ((5, 6), 1, [300, 100, 50, 50, 50], torch.nn.SELU, torch.nn.init.xavier_uniform_),
        "Pullover or T-shirt": ((0, 2), 2, [100, 100, 100], torch.nn.ReLU, he_normal),
    }
    for name, (pair, part, units, activation, initialize) in EDITIONS.items():
        x, y = pictures("train", pair)[part]
        test = pictures("t10k", pair)[0]
        for outputs in (1, 2):
            build = lambda: network(units, activation, initialize, outputs)
            found = [accuracy(build, seed, x[:LABELLED], y[:LABELLED], *test) for seed in range(SEEDS)]
            print(f"{name}, {outputs} outputs: {np.mean(found):.4f} ± {np.std(found, ddof=1):.4f}, "
                  f"{min(found):.4f} … {max(found):.4f}", flush=True)
