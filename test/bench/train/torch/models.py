"""The networks of ../models.ts, by the same names, as whoever knows PyTorch writes them.

What differs, and does no harm: PyTorch pads a strided convolution on both sides where Keras pads the far one; its
LSTM has two biases where one would do; and what follows a flatten sees channels first.
"""

import torch
from torch import nn

HE, LECUN = 2, 1


def drawn(layer, gain):
    """As in Keras: cut off at two standard deviations, widened to the variance that is wanted; biases are zero."""
    std = (gain / layer.weight[0].numel()) ** 0.5 / 0.87962566103423978
    nn.init.trunc_normal_(layer.weight, 0, std, -2 * std, 2 * std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def dense(inputs, units, gain=HE):
    return drawn(nn.Linear(inputs, units), gain)


def output(inputs, units):
    layer = nn.Linear(inputs, units)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def conv(channels, filters, size, **more):
    return drawn(nn.Conv2d(channels, filters, size, **more), HE)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def pooled(channels, filters):
    return [conv(channels, filters, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)]


def normalized_and_pooled(channels, filters):
    return [conv(channels, filters, 3, bias=False), norm(filters), nn.ReLU(inplace=True), nn.MaxPool2d(2)]


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
        nn.init.xavier_uniform_(self.rnn.weight_ih_l0)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)
        for bias in (self.rnn.bias_ih_l0, self.rnn.bias_hh_l0):
            nn.init.zeros_(bias)
        if kind is nn.LSTM:
            self.rnn.bias_ih_l0.data[units : 2 * units] = 1
        self.output = output(units, classes)

    def forward(self, x):
        return self.output(self.rnn(x)[0][-1])


def mlp():
    hidden = [dense(784, 256), nn.ReLU(inplace=True), nn.Dropout(0.3), dense(256, 128), nn.ReLU(inplace=True)]
    return nn.Sequential(*hidden, output(128, 10))


def cnn(dropout=0.0, block=pooled):
    head = [nn.Flatten(), *([nn.Dropout(dropout)] if dropout else []), dense(800, 64), nn.ReLU(inplace=True), output(64, 10)]
    return nn.Sequential(*block(1, 16), *block(16, 32), *head)


def selu():
    layers = [module for _ in range(100) for module in (dense(100, 100, LECUN), nn.SELU(inplace=True))]
    return nn.Sequential(*layers, output(100, 10))


def mobile():
    stem = [conv(3, 16, 3, padding=1, bias=False), norm(16), nn.ReLU(inplace=True)]
    blocks = [Block(16, 16, 1), Block(16, 24, 2), Block(24, 24, 1), Block(24, 40, 2)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), output(40, 10))


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "selu": selu,
    "bncnn": lambda: cnn(block=normalized_and_pooled),
    "mobile": mobile,
    "lstm": lambda: Recurrent(nn.LSTM, 16, 64, 10),
    "gru": lambda: Recurrent(nn.GRU, 16, 64, 10),
    "tabular": lambda: nn.Sequential(dense(8, 50), nn.ReLU(inplace=True), output(50, 1)),
    "mc-mlp": mlp,
    "mc-cnn": lambda: cnn(dropout=0.25),
}


def clip_norm(name):
    """The greatest joint norm of the gradients; None without clipping."""
    return 1.0 if name == "selu" else None


def optimizer(name, parameters, foreach):
    kind = torch.optim.NAdam if name == "selu" else torch.optim.Adam
    return kind(parameters, 1e-3, eps=1e-7, foreach=foreach)
