"""The examples that the bench wrote, as batches that lie ready in the layout that PyTorch likes."""

import numpy as np
import torch


def read_inputs(examples):
    """Pictures channels first, whatever else as it is."""
    x = torch.from_numpy(np.fromfile(examples["x"], np.float32)).reshape(-1, *examples["inputShape"])
    return x.permute(0, 3, 1, 2).contiguous() if x.dim() == 4 else x


def read_targets(examples):
    y = torch.from_numpy(np.fromfile(examples["y"], np.float32))
    return y[:, None] if examples["classes"] is None else y.long()


def input_batches(examples, size, layout):
    return [laid_out(x, layout) for x in read_inputs(examples).split(size)]


def laid_out(x, layout):
    if x.dim() == 3:
        return x.transpose(0, 1).contiguous()
    return x.contiguous(memory_format=layout) if x.dim() == 4 else x.clone()
