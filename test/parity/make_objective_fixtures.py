"""Makes fixtures/objectives.json: turned pictures by NumPy, and by PyTorch the losses of hidden numbers and of pairs.

    python3 test/parity/make_objective_fixtures.py
"""

import numpy as np
import torch
import torch.nn.functional as F

from make_fixtures import float32, write

random = np.random.RandomState(22)


def turns():
    """A picture of 3 × 3 × 2, turned counterclockwise by 0 … 3 quarters."""
    picture = float32(random.randn(3, 3, 2))
    return dict(picture=picture, turned=[np.rot90(picture, quarters, axes=(0, 1)) for quarters in range(4)])


def masked():
    """The mean over what is asked for; a weight multiplies its example, and the count stays that of the numbers."""
    element = dict(
        mse=lambda o, t: F.mse_loss(o, t, reduction="none"),
        mae=lambda o, t: F.l1_loss(o, t, reduction="none"),
        huber=lambda o, t: F.huber_loss(o, t, delta=0.75, reduction="none"),
    )
    cases = []
    for kind, compute in element.items():
        for weighted in [False, True]:
            outputs = torch.tensor(float32(random.randn(4, 5)), requires_grad=True)
            targets = torch.tensor(float32(random.randn(4, 5)))
            asked = torch.tensor((random.rand(4, 5) < 0.4).astype(np.float64))
            weights = torch.tensor(float32([1, 0, 2.5, 0.5] if weighted else [1, 1, 1, 1]))
            loss = (compute(outputs, targets) * asked * weights[:, None]).sum() / asked.sum()
            loss.backward()
            cases.append(
                dict(
                    loss=dict(type=kind, **(dict(delta=0.75) if kind == "huber" else {})),
                    outputs=outputs.detach(),
                    targets=targets,
                    asked=asked,
                    **(dict(weights=weights) if weighted else {}),
                    value=loss.item(),
                    gradients=outputs.grad,
                )
            )
    return cases


def pairs():
    """Two examples through one hidden layer, and the output layer on |h(a) − h(b)|; the last pair is one twice."""
    shapes = dict(hiddenKernel=(3, 4), hiddenBias=(4,), outputKernel=(4, 1), outputBias=(1,))
    weights = {name: torch.tensor(float32(0.7 * random.randn(*shape)), requires_grad=True) for name, shape in shapes.items()}
    x = float32(random.randn(10, 3))
    x[9] = x[4]
    hidden = torch.tanh(torch.tensor(x) @ weights["hiddenKernel"] + weights["hiddenBias"])
    apart = (hidden[:5] - hidden[5:]).abs()
    outputs = apart @ weights["outputKernel"] + weights["outputBias"]
    targets = torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0]], dtype=torch.float64)
    loss = F.binary_cross_entropy_with_logits(outputs, targets)
    loss.backward()
    return dict(
        x=x,
        targets=targets,
        weights={name: value.detach() for name, value in weights.items()},
        outputs=outputs.detach(),
        loss=loss.item(),
        gradients={name: value.grad for name, value in weights.items()},
    )


if __name__ == "__main__":
    write("objectives", dict(turns=turns(), masked=masked(), pairs=pairs()))
