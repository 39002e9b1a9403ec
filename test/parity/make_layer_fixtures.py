"""Makes fixtures/layers.json: what PyTorch says, in float64, about layers, activations that learn or draw, and nets.

The tests read the JSON and need no Python. To make it anew (PyTorch 1.13 or later):

    python3 test/parity/make_layer_fixtures.py

Definitions are Keras's, and so are the layouts: channels last, kernels [height, width, in, out]. PyTorch has them
otherwise, and each function here turns one into the other. Where the two part in more than layout:

- `same` padding of a strided window: Keras pads by what the last place needs, the odd one at the end. PyTorch
  pads evenly, so here the input is padded first. A pool's padding is -inf for the maximum; the average is divided
  by how much of the window lies inside.
- transposed convolutions: Keras's output is the length that a convolution of this padding would have read. Here
  PyTorch's whole output is cut (or, where windows leave gaps, filled with zeros) to that length.
- batch norm: PyTorch's momentum is one minus Keras's, and its running variance takes the unbiased variance of a
  batch, n/(n - 1) times the biased one that Keras's takes. The moving variance is linear in both, so PyTorch's,
  started n/(n - 1) times as large, stays n/(n - 1) times Keras's.

Every case has the gradients of the sum of `upstream` times output, for its inputs and its weights.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FIXTURES = Path(__file__).parent / "fixtures"
random = np.random.RandomState(31)


def write(name, value):
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(plain(value), allow_nan=False, separators=(",", ":")) + "\n")


def plain(value):
    """Tensors as nested lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, torch.Tensor):
        return plain(value.tolist())
    return shortened(value) if isinstance(value, float) else value


def shortened(value):
    """As few digits as tell a float32 from its neighbours; of others eight, a hundred times closer than is compared."""
    single = np.float32(value)
    return float(str(single)) if single == value else float(f"{value:.8g}")


def float32(array):
    """Short numbers that float32 holds exactly, in float64: both sides start from the very same ones."""
    return np.asarray(np.round(array, 4), np.float32).astype(np.float64)


def draw(*shape, scale=1.0, shift=0.0):
    return torch.tensor(float32(random.randn(*shape) * scale + shift))


cases = []


def case(name, spec, inputs, weights, compute, **extra):
    """`compute` takes the inputs and the weights by name, as PyTorch's tensors in our layout."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    weights = {key: w.clone().requires_grad_() for key, w in weights.items()}
    output = compute(*inputs, **weights)
    upstream = draw(*output.shape)
    (output * upstream).sum().backward()
    cases.append(
        dict(
            name=name,
            layer=spec,
            inputs=inputs,
            weights=weights,
            output=output,
            upstream=upstream,
            inputGradients=[x.grad for x in inputs if x.is_floating_point()],
            weightGradients={key: w.grad for key, w in weights.items()},
            **extra,
        )
    )


# Layouts: [batch, …, channels] and [batch, channels, …].


def first(x):
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def same(length, window, stride):
    """Keras's padding before and after."""
    total = max((math.ceil(length / stride) - 1) * stride + window - length, 0)
    return [total // 2, total - total // 2]


def pads(x, windows, strides, padding):
    """For F.pad, which wants the last axis first. `x` has its channels first."""
    if padding == "valid":
        return [0] * (2 * len(windows))
    if padding == "causal":
        return [windows[0] - 1, 0]
    lengths = x.shape[2:]
    each = [same(n, k, s) for n, k, s in zip(lengths, windows, strides)]
    return [n for before_and_after in reversed(each) for n in before_and_after]


ACTIVATIONS = dict(linear=lambda x: x, tanh=torch.tanh, softplus=F.softplus, elu=F.elu)


def finished(linear, activation, bias=None, alpha=None):
    x = linear if bias is None else linear + bias
    return sloped(x, alpha) if activation == "prelu" else ACTIVATIONS[activation](x)


def sloped(x, alpha):
    """PyTorch's channels are the second axis."""
    return last(F.prelu(first(x), alpha)) if x.dim() > 2 else F.prelu(x, alpha)


def learned(spec, kernels, outputs):
    """A layer's weights: its kernels, and what its spec adds to them."""
    weights = {name: draw(*shape, scale=0.5) for name, shape in kernels.items()}
    if spec.get("useBias", True):
        weights["bias"] = draw(outputs, scale=0.5)
    if spec.get("activation") == "prelu":
        weights["alpha"] = draw(outputs, scale=0.2, shift=0.25)
    return weights


def dense():
    for options in [{}, dict(useBias=False), dict(activation="tanh"), dict(activation="prelu")]:
        spec = dict(type="dense", units=3, **options)
        compute = lambda x, kernel, bias=None, alpha=None, a=options.get("activation", "linear"): finished(
            x @ kernel, a, bias, alpha
        )
        case(f"dense {options}", spec, [draw(4, 5)], learned(spec, dict(kernel=[5, 3]), 3), compute)


def convolution(x, kernel, strides, padding, groups=1):
    """Over any number of axes; the kernel is already PyTorch's."""
    convolve = F.conv1d if x.dim() == 3 else F.conv2d
    x = F.pad(first(x), pads(first(x), list(kernel.shape[2:]), strides, padding))
    return last(convolve(x, kernel, stride=strides, groups=groups))


def conv1d():
    for length, window, stride, padding, options in [
        (7, 3, 1, "valid", {}),
        (7, 3, 2, "valid", {}),
        (8, 3, 2, "valid", dict(activation="tanh")),
        (7, 3, 1, "same", {}),
        (7, 4, 1, "same", {}),
        (7, 3, 2, "same", {}),
        (8, 3, 2, "same", {}),
        (8, 2, 3, "same", dict(useBias=False)),
        (6, 2, 3, "same", {}),
        (7, 3, 1, "causal", {}),
        (7, 3, 2, "causal", {}),
        (8, 2, 3, "causal", dict(activation="prelu")),
    ]:
        spec = dict(type="conv1d", filters=3, kernelSize=window, strides=stride, padding=padding, **options)
        a = options.get("activation", "linear")
        compute = lambda x, kernel, bias=None, alpha=None, s=stride, p=padding, a=a: finished(
            convolution(x, kernel.permute(2, 1, 0), [s], p), a, bias, alpha
        )
        weights = learned(spec, dict(kernel=[window, 2, 3]), 3)
        case(f"conv1d of {length} by {window}, strides {stride}, {padding} {options}", spec, [draw(2, length, 2)], weights, compute)


PICTURES = [
    ([5, 5], 3, 1, "valid"),
    ([6, 5], [2, 3], [2, 1], "valid"),
    ([7, 6], 3, 2, "valid"),
    ([5, 4], 3, 1, "same"),
    ([5, 4], 2, 1, "same"),
    ([6, 6], 3, 2, "same"),
    ([7, 7], 3, 2, "same"),
    ([6, 5], [2, 3], [1, 3], "same"),
    ([5, 6], [4, 1], [2, 3], "same"),
    ([3, 3], 5, 1, "same"),
]


def pictures(kind, make, **options):
    for size, window, strides, padding in PICTURES:
        spec = dict(type=kind, kernelSize=window, strides=strides, padding=padding, **options)
        name = f"{kind} of {size} by {window}, strides {strides}, {padding}"
        make(name, spec, size, pair(window), pair(strides), padding)


def conv2d():
    def make(name, spec, size, window, strides, padding):
        a = spec.get("activation", "linear")
        compute = lambda x, kernel, bias, alpha=None: finished(
            convolution(x, kernel.permute(3, 2, 0, 1), strides, padding), a, bias, alpha
        )
        case(name, spec, [draw(2, *size, 2)], learned(spec, dict(kernel=[*window, 2, 3]), 3), compute)

    pictures("conv2d", make, filters=3)
    spec = dict(type="conv2d", filters=3, kernelSize=2, activation="prelu")
    make("conv2d with learned slopes", spec, [3, 4], [2, 2], [1, 1], "valid")


def depthwise(x, kernel, strides, padding):
    height, width, channels, multiplier = kernel.shape
    filters = kernel.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    return convolution(x, filters, strides, padding, groups=channels)


def depthwise_conv2d():
    def make(name, spec, size, window, strides, padding):
        compute = lambda x, kernel, bias: depthwise(x, kernel, strides, padding) + bias
        case(name, spec, [draw(2, *size, 2)], learned(spec, dict(kernel=[*window, 2, 2]), 4), compute)

    pictures("depthwiseConv2d", make, depthMultiplier=2)


def separable_conv2d():
    def make(name, spec, size, window, strides, padding):
        def compute(x, depthwiseKernel, pointwiseKernel, bias):
            channels = depthwise(x, depthwiseKernel, strides, padding)
            return F.softplus(convolution(channels, pointwiseKernel.permute(3, 2, 0, 1), [1, 1], "valid") + bias)

        kernels = dict(depthwiseKernel=[*window, 2, 2], pointwiseKernel=[1, 1, 4, 3])
        case(name, spec, [draw(2, *size, 2)], learned(spec, kernels, 3), compute)

    pictures("separableConv2d", make, filters=3, depthMultiplier=2, activation="softplus")


def transposed(x, kernel, strides, padding):
    """`kernel` is ours, [height, width, filters, channels]."""
    whole = F.conv_transpose2d(first(x), kernel.permute(3, 2, 0, 1), stride=strides)
    cuts = []
    for length, window, stride in zip(x.shape[1:3], kernel.shape[:2], strides):
        wanted = length * stride + (max(window - stride, 0) if padding == "valid" else 0)
        before = same(wanted, window, stride)[0] if padding == "same" else 0
        uncut = (length - 1) * stride + window
        cuts.append([-before, wanted - (uncut - before)])
    return last(F.pad(whole, [*cuts[1], *cuts[0]]))


def conv2d_transpose():
    for size, window, strides in [
        ([3, 4], 3, 1),
        ([3, 4], 3, 2),
        ([4, 3], 2, 2),
        ([2, 3], 4, 2),
        ([3, 3], [2, 3], [1, 2]),
        ([3, 2], 2, 3),
        ([2, 3], 5, 3),
        ([3, 2], [1, 3], [2, 2]),
    ]:
        for padding in ["valid", "same"]:
            spec = dict(type="conv2dTranspose", filters=3, kernelSize=window, strides=strides, padding=padding)
            compute = lambda x, kernel, bias, s=pair(strides), p=padding: transposed(x, kernel, s, p) + bias
            weights = learned(spec, dict(kernel=[*pair(window), 3, 2]), 3)
            name = f"conv2dTranspose of {size} by {window}, strides {strides}, {padding}"
            case(name, spec, [draw(2, *size, 2)], weights, compute)


def pooled(kind, x, windows, strides, padding):
    slide = getattr(F, f"{'max' if kind == 'maxPool' else 'avg'}_pool{x.dim() - 2}d")
    x = first(x)
    around = pads(x, windows, strides, padding)
    if kind == "maxPool":
        return last(slide(F.pad(x, around, value=-math.inf), windows, strides))
    share = slide(F.pad(torch.ones_like(x), around), windows, strides)
    return last(slide(F.pad(x, around), windows, strides) / share)


def pools():
    for kind in ["maxPool", "avgPool"]:
        case(f"{kind} as it comes", dict(type=kind), [draw(2, 5, 4, 2)], {}, lambda x, k=kind: pooled(k, x, [2, 2], [2, 2], "valid"))
        for size, window, strides, padding in PICTURES:
            spec = dict(type=kind, poolSize=window, strides=strides, padding=padding)
            compute = lambda x, k=kind, w=pair(window), s=pair(strides), p=padding: pooled(k, x, w, s, p)
            # All below zero: padding that counted would show.
            x = draw(2, *size, 2, shift=-6)
            case(f"{kind} of {size} by {window}, strides {strides}, {padding}", spec, [x], {}, compute)
        for length, window, stride, padding in [(7, 2, 2, "valid"), (7, 3, 1, "same"), (8, 3, 2, "same"), (7, 2, 3, "same")]:
            spec = dict(type=kind, poolSize=window, strides=stride, padding=padding)
            compute = lambda x, k=kind, w=window, s=stride, p=padding: pooled(k, x, [w], [s], p)
            case(f"{kind} of {length} by {window}, strides {stride}, {padding}", spec, [draw(2, length, 3, shift=-6)], {}, compute)
    for shape in [[3, 4, 5, 2], [3, 6, 2]]:
        places = list(range(1, len(shape) - 1))
        case(f"globalMaxPool of {shape}", dict(type="globalMaxPool"), [draw(*shape)], {}, lambda x, p=places: x.amax(p))
        case(f"globalAvgPool of {shape}", dict(type="globalAvgPool"), [draw(*shape)], {}, lambda x, p=places: x.mean(p))


def arrangements():
    for size in [2, [2, 3], [1, 2]]:
        rows, columns = pair(size)
        compute = lambda x, r=rows, c=columns: x.repeat_interleave(r, 1).repeat_interleave(c, 2)
        case(f"upSampling by {size}", dict(type="upSampling", size=size), [draw(2, 3, 2, 2)], {}, compute)
    for padding in [[[1, 0], [2, 3]], [[0, 0], [0, 1]]]:
        (top, bottom), (left, right) = padding
        compute = lambda x, around=[0, 0, left, right, top, bottom]: F.pad(x, around)
        case(f"zeroPadding by {padding}", dict(type="zeroPadding", padding=padding), [draw(2, 2, 3, 2)], {}, compute)
    case("flatten", dict(type="flatten"), [draw(2, 2, 3, 2)], {}, lambda x: x.flatten(1))
    case("reshape", dict(type="reshape", shape=[3, 4]), [draw(2, 2, 3, 2)], {}, lambda x: x.reshape(2, 3, 4))


def embedding():
    ids = torch.tensor(random.randint(0, 5, (3, 4)))
    spec = dict(type="embedding", inputDim=6, outputDim=3)
    case("embedding", spec, [ids], dict(embeddings=draw(6, 3)), lambda x, embeddings: F.embedding(x, embeddings))


def merges():
    names = ["a", "b", "c"]
    for kind, count, merge in [
        ("add", 2, lambda *x: sum(x)),
        ("add", 3, lambda *x: sum(x)),
        ("subtract", 2, lambda a, b: a - b),
        ("multiply", 3, lambda a, b, c: a * b * c),
        ("average", 3, lambda *x: torch.stack(x).mean(0)),
        ("maximum", 3, lambda *x: torch.stack(x).amax(0)),
    ]:
        for shape in [[2, 3], [2, 2, 3, 2]]:
            inputs = [draw(*shape) for _ in range(count)]
            case(f"{kind} of {count} of {shape}", dict(type=kind, inputs=names[:count]), inputs, {}, merge)
    for axis, shapes in [(-1, [[2, 3], [2, 1], [2, 2]]), (1, [[2, 2, 3, 1], [2, 1, 3, 1]]), (-2, [[2, 2, 3, 1], [2, 2, 1, 1]])]:
        spec = dict(type="concat", axis=axis, inputs=names[: len(shapes)])
        case(f"concat along {axis}", spec, [draw(*s) for s in shapes], {}, lambda *x, a=axis: torch.cat(x, a))


# Normalization.


def affine(spec, features):
    weights = {}
    if spec.get("scale", True):
        weights["gamma"] = draw(features, scale=0.3, shift=1)
    if spec.get("center", True):
        weights["beta"] = draw(features, scale=0.5)
    return weights


def layer_norm():
    def compute(x, gamma=None, beta=None, axis=-1, epsilon=1e-3):
        x = x.movedim(axis, -1)
        return F.layer_norm(x, x.shape[-1:], gamma, beta, epsilon).movedim(-1, axis)

    for shape, options in [
        ([4, 6], {}),
        ([2, 3, 4], dict(epsilon=0.1)),
        ([2, 3, 2, 5], {}),
        ([2, 4, 3, 2], dict(axis=1)),
        ([2, 3, 4, 2], dict(axis=-2, scale=False)),
        ([4, 6], dict(center=False)),
        ([4, 6], dict(center=False, scale=False)),
    ]:
        spec = dict(type="layerNorm", **options)
        axis, epsilon = options.get("axis", -1), options.get("epsilon", 1e-3)
        x = draw(*shape, scale=2, shift=1)
        run = lambda x, gamma=None, beta=None, a=axis, e=epsilon: compute(x, gamma, beta, a, e)
        case(f"layerNorm of {shape} {options}", spec, [x], affine(spec, shape[axis]), run)


def batch_norm(x, mean, variance, gamma, beta, training, spec):
    axis = spec.get("axis", -1)
    x = F.batch_norm(
        x.movedim(axis, 1), mean, variance, gamma, beta, training, 1 - spec.get("momentum", 0.99), spec.get("epsilon", 1e-3)
    )
    return x.movedim(1, axis)


def batch_norms():
    """Training steps one after another, each with the statistics that it leaves, then inference."""
    results = []
    for shape, options in [
        ([5, 3], {}),
        ([4, 3, 2], dict(momentum=0.8)),
        ([3, 2, 4, 3], dict(momentum=0.5, epsilon=0.1)),
        ([3, 4, 2, 3], dict(axis=1, momentum=0.7)),
        ([3, 2, 4, 3], dict(axis=-2, momentum=0)),
        ([5, 3], dict(center=False, momentum=0.9)),
        ([5, 3], dict(scale=False, momentum=0.9)),
        ([5, 3], dict(center=False, scale=False, momentum=0.9)),
    ]:
        spec = dict(type="batchNorm", **options)
        features = shape[options.get("axis", -1)]
        unbiased = (n := math.prod(shape) // features) / (n - 1)
        learned_weights = affine(spec, features)
        mean, variance = draw(features), draw(features).abs() + 0.5
        start = dict(movingMean=mean.clone(), movingVariance=variance.clone())
        variance = variance * unbiased

        def run(x, training):
            x = x.clone().requires_grad_()
            weights = {key: w.clone().requires_grad_() for key, w in learned_weights.items()}
            moving = variance if training else variance / unbiased
            output = batch_norm(x, mean, moving, weights.get("gamma"), weights.get("beta"), training, spec)
            upstream = draw(*output.shape)
            (output * upstream).sum().backward()
            return dict(
                input=x,
                output=output,
                upstream=upstream,
                inputGradient=x.grad,
                weightGradients={key: w.grad for key, w in weights.items()},
                movingMean=mean.clone(),
                movingVariance=variance / unbiased,
            )

        steps = [run(draw(*shape, scale=2, shift=1), True) for _ in range(4)]
        inferred = run(draw(*shape, scale=2, shift=1), False)
        results.append(dict(name=f"{shape} {options}", layer=spec, weights={**learned_weights, **start}, steps=steps, inferred=inferred))
    return results


# Activations that learn or draw.


def activations():
    layer = lambda activation: dict(type="activation", activation=activation)
    for shape in [[4, 3], [2, 3, 2, 3]]:
        weights = dict(alpha=torch.tensor([0.25, -0.5, 1.5]).double())
        case(f"prelu of {shape}", layer("prelu"), [draw(*shape, scale=2)], weights, lambda x, alpha: sloped(x, alpha))
    for activation in ["rrelu", dict(type="rrelu", lower=0.0, upper=0.5)]:
        lower, upper = (1 / 8, 1 / 3) if activation == "rrelu" else (0.0, 0.5)
        x = draw(3, 5, scale=2)
        mean_slope = lambda x, a=lower, b=upper: F.rrelu(x, a, b, training=False)
        case(f"{activation} in inference", layer(activation), [x], {}, mean_slope, mode="infer")
        uniforms = torch.tensor(float32(random.rand(3, 5)))
        slopes = lower + uniforms * (upper - lower)
        drawn = lambda x, s=slopes: torch.where(x < 0, s * x, x)
        case(f"{activation} in training", layer(activation), [x], {}, drawn, mode="train", uniforms=uniforms)


# Whole networks, composites among them, written out by hand.


def network(name, layers, x, weights, compute):
    """`compute(x, weights, training)`; the moving statistics move in place, by PyTorch's unbiased variance."""
    x = x.clone().requires_grad_()
    moving = {key: w for key, w in weights.items() if "moving" in key}
    learnable = {key: w.clone().requires_grad_() for key, w in weights.items() if "moving" not in key}
    inferred = compute(x, {**learnable, **moving}, False)
    # A moving variance of a copy, which is not kept: the step's own statistics have their fixtures above.
    output = compute(x, {**learnable, **{key: w.clone() for key, w in moving.items()}}, True)
    upstream = draw(*output.shape)
    (output * upstream).sum().backward()
    return dict(
        name=name,
        layers=layers,
        input=x,
        weights=weights,
        inferred=inferred,
        output=output,
        upstream=upstream,
        weightGradients={key: w.grad for key, w in learnable.items()},
    )


def statistics(name, features):
    return {f"{name}/movingMean": draw(features, scale=0.3), f"{name}/movingVariance": draw(features).abs() + 0.5}


def normed(x, weights, name, training):
    at = lambda local: weights[f"{name}/{local}"]
    return batch_norm(x, at("movingMean"), at("movingVariance"), at("gamma"), at("beta"), training, {})


def gains(name, features):
    return {f"{name}/gamma": draw(features, scale=0.3, shift=1), f"{name}/beta": draw(features, scale=0.5)}


def networks():
    results = []
    weights = {
        "d/kernel": draw(4, 5, scale=0.5),
        "d/bias": draw(5, scale=0.5),
        **gains("n", 5),
        **statistics("n", 5),
        "o/kernel": draw(5, 2),
        "o/bias": draw(2),
    }
    linear = lambda x, w, name: x @ w[f"{name}/kernel"] + w[f"{name}/bias"]
    out = dict(type="dense", name="o", units=2)
    results.append(
        network(
            "a batch norm before the activation",
            [dict(type="dense", name="d", units=5), dict(type="batchNorm", name="n"), dict(type="activation", activation="tanh"), out],
            draw(6, 4),
            weights,
            lambda x, w, training: linear(torch.tanh(normed(linear(x, w, "d"), w, "n", training)), w, "o"),
        )
    )
    results.append(
        network(
            "a batch norm after the activation",
            [dict(type="dense", name="d", units=5, activation="tanh"), dict(type="batchNorm", name="n"), out],
            draw(6, 4),
            weights,
            lambda x, w, training: linear(normed(torch.tanh(linear(x, w, "d")), w, "n", training), w, "o"),
        )
    )
    results.append(
        network(
            "a batch norm first, in the place of standardized inputs",
            [dict(type="batchNorm", name="n"), dict(type="dense", name="d", units=5, activation="tanh"), out],
            draw(6, 4, scale=3, shift=2),
            {**weights, **gains("n", 4), **statistics("n", 4)},
            lambda x, w, training: linear(torch.tanh(linear(normed(x, w, "n", training), w, "d")), w, "o"),
        )
    )

    # He et al. (2016): a block that keeps the shape, and one whose skip is a strided convolution.
    conv = lambda x, w, name, stride: convolution(x, w[f"{name}/kernel"].permute(3, 2, 0, 1), [stride, stride], "same") + w[f"{name}/bias"]

    def residual(x, w, training):
        main = normed(conv(x, w, "a", 1), w, "an", training)
        x = F.relu(conv(F.relu(main), w, "b", 1) + x)
        main = conv(torch.tanh(conv(x, w, "c", 2)), w, "e", 1)
        skip = normed(conv(x, w, "s", 2), w, "sn", training)
        return linear((main + skip).mean([1, 2]), w, "o")

    kernel = lambda name, size, before, after: {f"{name}/kernel": draw(size, size, before, after, scale=0.3), f"{name}/bias": draw(after, scale=0.3)}
    layer = lambda name, filters, size=3, **more: dict(type="conv2d", name=name, filters=filters, kernelSize=size, padding="same", **more)
    relu = dict(type="activation", activation="relu")
    results.append(
        network(
            "two residual blocks",
            [
                dict(type="residual", layers=[layer("a", 2), dict(type="batchNorm", name="an"), relu, layer("b", 2)]),
                relu,
                dict(
                    type="residual",
                    layers=[layer("c", 3, strides=2, activation="tanh"), layer("e", 3)],
                    skip=[layer("s", 3, 1, strides=2), dict(type="batchNorm", name="sn")],
                ),
                dict(type="globalAvgPool"),
                out,
            ],
            draw(3, 5, 4, 2),
            {
                **kernel("a", 3, 2, 2),
                **gains("an", 2),
                **statistics("an", 2),
                **kernel("b", 3, 2, 2),
                **kernel("c", 3, 2, 3),
                **kernel("e", 3, 3, 3),
                **kernel("s", 1, 2, 3),
                **gains("sn", 3),
                **statistics("sn", 3),
                "o/kernel": draw(3, 2),
                "o/bias": draw(2),
            },
            residual,
        )
    )

    # Two branches of the input that meet, and one of them again later.
    def graph(x, w, training):
        left, right = torch.tanh(linear(x, w, "left")), F.softplus(linear(x, w, "right"))
        return linear(torch.cat([left * right, x, left], 1), w, "o")

    results.append(
        network(
            "branches that meet",
            [
                dict(type="dense", name="left", units=3, activation="tanh"),
                dict(type="dense", name="right", units=3, activation="softplus", inputs=["input"]),
                dict(type="multiply", name="gated", inputs=["left", "right"]),
                dict(type="concat", inputs=["gated", "input", "left"]),
                out,
            ],
            draw(4, 4),
            {
                "left/kernel": draw(4, 3, scale=0.5),
                "left/bias": draw(3),
                "right/kernel": draw(4, 3, scale=0.5),
                "right/bias": draw(3),
                "o/kernel": draw(10, 2),
                "o/bias": draw(2),
            },
            graph,
        )
    )
    return results


if __name__ == "__main__":
    for make in [dense, conv1d, conv2d, depthwise_conv2d, separable_conv2d, conv2d_transpose, pools, arrangements, embedding, merges, layer_norm, activations]:
        make()
    write("layers", dict(cases=cases, batchNorms=batch_norms(), networks=networks()))
