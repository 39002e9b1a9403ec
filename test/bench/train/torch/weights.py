"""Gives a PyTorch network the initial weights that ours starts from, so that both have the same losses.

The weights come in the order of the layers, as PyTorch's parameters do; kernels have their outputs last, where
PyTorch has them first.
"""

import numpy as np
import torch
from torch import nn


def load(model, files):
    values = torch.from_numpy(np.fromfile(files["file"], np.float32)).split([w["size"] for w in files["weights"]])
    arrays = iter([value.reshape(w["shape"]) for value, w in zip(values, files["weights"])])
    channels = None
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            channels = module.out_channels
        if isinstance(module, nn.RNNBase):
            load_recurrent(module, arrays)
        elif list(module.parameters(recurse=False)):
            after_flatten = isinstance(module, nn.Linear) and channels and module.in_features > channels
            load_module(module, arrays, channels if after_flatten else None)
            channels = None if isinstance(module, nn.Linear) else channels
    assert next(arrays, None) is None, "there are weights left"
    return model


@torch.no_grad()
def load_module(module, arrays, channels):
    """@param channels where a picture was flattened: ours flattens it with its channels last"""
    for name, parameter in module.named_parameters(recurse=False):
        array = next(arrays)
        if name == "weight" and array.dim() == 4:
            # Depthwise: [height, width, channels, 1]; else [height, width, channels, filters].
            array = array.permute(2, 3, 0, 1) if module.groups > 1 else array.permute(3, 2, 0, 1)
        elif name == "weight" and array.dim() == 2:
            if channels:
                array = array.reshape(-1, channels, array.shape[1]).transpose(0, 1).reshape(array.shape)
            array = array.T
        parameter.copy_(array)


@torch.no_grad()
def load_recurrent(rnn, arrays):
    """Of a GRU's gates ours has the update before the reset. Of an LSTM's two biases one is zero here."""

    def gates(array):
        parts = list(array.chunk(3 if isinstance(rnn, nn.GRU) else 4, dim=-1))
        if isinstance(rnn, nn.GRU):
            parts[0], parts[1] = parts[1], parts[0]
        return torch.cat(parts, dim=-1).T if array.dim() > 1 else torch.cat(parts)

    rnn.weight_ih_l0.copy_(gates(next(arrays)))
    rnn.weight_hh_l0.copy_(gates(next(arrays)))
    rnn.bias_ih_l0.copy_(gates(next(arrays)))
    rnn.bias_hh_l0.copy_(gates(next(arrays))) if isinstance(rnn, nn.GRU) else rnn.bias_hh_l0.zero_()
