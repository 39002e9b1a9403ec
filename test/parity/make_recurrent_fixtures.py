"""Makes fixtures/recurrent.json: what PyTorch's recurrent layers put out, and the gradients of all their weights.

    python3 test/parity/make_recurrent_fixtures.py

Definitions are Keras's, and PyTorch has the same ones under other arrangements, which are turned into Keras's here:

- kernels are transposed: PyTorch's are [gates·units, features];
- PyTorch's gates stand in the order i, f, g, o of an LSTM, which is Keras's, and r, z, n of a GRU, where Keras has
  z, r, h;
- PyTorch has a second bias for the state. For a GRU, whose reset gate multiplies it, Keras has one too (where
  `reset_after` holds, its default); for the others it would only add to the first, so here it is zero.
"""

import numpy as np
import torch

from make_fixtures import float32, write

random = np.random.RandomState(21)
BATCH, LENGTH, FEATURES, UNITS = 2, 5, 2, 3

KINDS = dict(
    simpleRnn=dict(make=torch.nn.RNN, order=[0]),
    lstm=dict(make=torch.nn.LSTM, order=[0, 1, 2, 3]),
    gru=dict(make=torch.nn.GRU, order=[1, 0, 2]),
)


def as_keras(order, array):
    """PyTorch's [gates·units, …] with the gates in Keras's order, along the last axis."""
    gates = np.split(np.asarray(array), len(order), axis=0)
    return np.concatenate([gates[gate] for gate in order], axis=0).T


def weights_of(kind, network, values):
    """Our names and arrangements of `values`, which are by PyTorch's names."""
    ours = {}
    for name, value in values.items():
        weight, end, level, *reverse = name.replace("reverse", "backward").split("_")
        if name.startswith("bias_hh") and kind != "gru":
            continue
        direction = (reverse or ["forward"])[0] if network.bidirectional else None
        layer = "_".join(filter(None, [level.replace("l", "layer"), direction]))
        local = dict(weight_ih="kernel", weight_hh="recurrentKernel", bias_ih="bias", bias_hh="recurrentBias")
        ours[f"{layer}/{local[f'{weight}_{end}']}"] = as_keras(KINDS[kind]["order"], value)
    return ours


def layers_of(kind, network, sequences, options):
    """The same network as a user of ours would write it."""
    layers = []
    for level in range(network.num_layers):
        last = level == network.num_layers - 1
        layer = dict(type=kind, units=UNITS, returnSequences=not last or sequences, **options)
        name = f"layer{level}"
        layers.append(
            dict(type="bidirectional", name=name, layer=layer) if network.bidirectional else dict(layer, name=name)
        )
    return layers


def last_steps(network, state):
    """The last step of the highest layer: of each direction, side by side."""
    state = state[0] if isinstance(state, tuple) else state
    return torch.cat(list(state[-2:] if network.bidirectional else state[-1:]), -1)


def case(kind, sequences, num_layers=1, bidirectional=False, options={}, **torch_options):
    make = KINDS[kind]["make"]
    network = make(FEATURES, UNITS, num_layers, batch_first=True, bidirectional=bidirectional, **torch_options).double()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            unused = name.startswith("bias_hh") and kind != "gru"
            parameter.copy_(torch.tensor(float32((0 if unused else 0.6) * random.randn(*parameter.shape))))
    x = torch.tensor(float32(random.randn(BATCH, LENGTH, FEATURES)), requires_grad=True)
    sequence, state = network(x)
    outputs = sequence if sequences else last_steps(network, state)
    probe = torch.tensor(float32(random.randn(*outputs.shape)))
    (outputs * probe).sum().backward()
    parameters = dict(network.named_parameters())
    return dict(
        layers=layers_of(kind, network, sequences, options),
        weights=weights_of(kind, network, {name: p.detach() for name, p in parameters.items()}),
        x=x,
        probe=probe,
        outputs=outputs,
        gradients=dict(x=x.grad, weights=weights_of(kind, network, {name: p.grad for name, p in parameters.items()})),
    )


def cases():
    for kind in KINDS:
        yield case(kind, sequences=True)
        yield case(kind, sequences=False)
        yield case(kind, sequences=False, bidirectional=True)
        yield case(kind, sequences=True, num_layers=2)
        yield case(kind, sequences=True, num_layers=2, bidirectional=True)
    yield case("simpleRnn", sequences=True, options=dict(activation="relu"), nonlinearity="relu")


if __name__ == "__main__":
    write("recurrent", list(cases()))
