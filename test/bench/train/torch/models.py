"""The networks of ../models.ts, by the same names, as whoever knows PyTorch writes them; weights.py fills them.

What differs, and does no harm: PyTorch pads a strided convolution on both sides where Keras pads the far one; its
LSTM has two biases where one would do, so that their sum moves twice as fast; its Adam adds epsilon to a root that
has been corrected.
"""

import torch
from torch import nn


def relu():
    return nn.ReLU(inplace=True)


def conv(channels, filters, size, **more):
    return nn.Conv2d(channels, filters, size, **more)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def pooled(channels, filters):
    return [conv(channels, filters, 3), relu(), nn.MaxPool2d(2)]


def normalized_and_pooled(channels, filters):
    return [conv(channels, filters, 3, bias=False), norm(filters), relu(), nn.MaxPool2d(2)]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        wide = 4 * inputs
        self.layers = nn.Sequential(
            conv(inputs, wide, 1, bias=False),
            norm(wide),
            nn.ReLU6(inplace=True),
            conv(wide, wide, 3, stride=stride, padding=1, groups=wide, bias=False),
            norm(wide),
            nn.ReLU6(inplace=True),
            conv(wide, outputs, 1, bias=False),
            norm(outputs),
        )
        self.is_residual = inputs == outputs and stride == 1

    def forward(self, x):
        return x + self.layers(x) if self.is_residual else self.layers(x)


class Recurrent(nn.Module):
    """Its input is [length, batch, channels], which serves PyTorch best."""

    def __init__(self, kind, channels, units, classes):
        super().__init__()
        self.rnn = kind(channels, units)
        self.output = nn.Linear(units, classes)

    def forward(self, x):
        return self.output(self.rnn(x)[0][-1])


def mlp():
    hidden = [nn.Linear(784, 256), relu(), nn.Dropout(0.3), nn.Linear(256, 128), relu()]
    return nn.Sequential(*hidden, nn.Linear(128, 10))


def cnn(dropout=None, block=pooled):
    below = [*block(1, 16), *block(16, 32), nn.Flatten()]
    dropped = [] if dropout is None else [nn.Dropout(dropout)]
    return nn.Sequential(*below, *dropped, nn.Linear(800, 64), relu(), nn.Linear(64, 10))


def selu():
    layers = [module for _ in range(100) for module in (nn.Linear(100, 100), nn.SELU(inplace=True))]
    return nn.Sequential(*layers, nn.Linear(100, 10))


def mobile():
    stem = [conv(3, 16, 3, padding=1, bias=False), norm(16), relu()]
    blocks = [Block(16, 16, 1), Block(16, 24, 2), Block(24, 24, 1), Block(24, 40, 2)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(40, 10))


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "selu": selu,
    "bncnn": lambda: cnn(block=normalized_and_pooled),
    "mobile": mobile,
    "lstm": lambda: Recurrent(nn.LSTM, 16, 64, 10),
    "gru": lambda: Recurrent(nn.GRU, 16, 64, 10),
    "tabular": lambda: nn.Sequential(nn.Linear(8, 50), relu(), nn.Linear(50, 1)),
    "mc-mlp": mlp,
    "mc-cnn": lambda: cnn(dropout=0.25),
}


def clip_norm(name):
    """The greatest joint norm of the gradients; None without clipping."""
    return 1.0 if name == "selu" else None


def optimizer(name, parameters, foreach):
    kind = torch.optim.NAdam if name == "selu" else torch.optim.Adam
    return kind(parameters, 1e-3, eps=1e-7, foreach=foreach)
