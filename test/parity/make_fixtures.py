"""Makes fixtures/*.json: what PyTorch, scikit-learn, SciPy and float64 NumPy say about our vocabulary.

The tests read the JSON and need no Python. To make it anew (PyTorch 1.13 or later, scikit-learn, SciPy):

    python3 test/parity/make_fixtures.py

Definitions are Keras's. Where PyTorch defines a thing as Keras does, its answer is the fixture. Where the two
part, the reference is Keras's formula in NumPy, and this script checks the NumPy against PyTorch on the ground
that they share before it writes anything. They part in:

- momentum and Nesterov under a schedule: Keras keeps the learning rate inside the velocity;
- RMSProp: the same, and epsilon under the root;
- AdaGrad: epsilon under the root;
- Adam and AdamW: epsilon is added before the bias correction of the root ("epsilon hat");
- AdaMax: epsilon is added to the norm, not to the gradient that enters it.

Nadam's momentum schedule is the paper's and PyTorch's, 0.96^(0.004 t). PyTorch 1 counts one factor of it twice,
which PyTorch 2 put right; the check here follows the one that is installed.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import norm, truncnorm
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

FIXTURES = Path(__file__).parent / "fixtures"
STEPS = 50
KEPT = [1, 2, 3, 10, 25, 50]
random = np.random.RandomState(20)


def fresh(name):
    """A generator for one case alone: what is drawn from `random` moves with whatever is drawn before it."""
    return np.random.RandomState(list(name.encode()))


def float32(array):
    """Numbers that float32 holds exactly, in float64: both sides start from the very same ones."""
    return np.asarray(array, np.float32).astype(np.float64)


def write(name, value):
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(plain(value), allow_nan=False) + "\n")


def plain(value):
    """Arrays as lists, and what JSON lacks as strings."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, torch.Tensor):
        return plain(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(float(value))]
    return value.item() if isinstance(value, np.generic) else value


# Optimizers: weights after some of the steps, all the weights of a small problem in one vector.

WEIGHTS = float32(random.randn(8))
GRADIENTS = float32(random.randn(STEPS, 8) * np.exp(random.randn(STEPS, 1)))
SCHEDULED = [0.05 * 0.97**t for t in range(STEPS)]
CONSTANT = [0.05] * STEPS
CYCLED = list(np.interp(range(STEPS), [0, 20, 40], [0.95, 0.85, 0.95]))


def keras_sgd(w, g, lr, s, t, momentum=0.0, nesterov=False):
    s["v"] = momentum * s.get("v", 0) - lr * g
    return w + (momentum * s["v"] - lr * g if nesterov else s["v"])


def keras_adagrad(w, g, lr, s, t, initialAccumulator, epsilon):
    s["a"] = s.get("a", initialAccumulator) + g**2
    return w - lr * g / np.sqrt(s["a"] + epsilon)


def keras_rmsprop(w, g, lr, s, t, rho, momentum, centered, epsilon):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    s["g"] = rho * s.get("g", 0) + (1 - rho) * g
    s["m"] = momentum * s.get("m", 0) + lr * g / np.sqrt(s["v"] - (s["g"] ** 2 if centered else 0) + epsilon)
    return w - s["m"]


def keras_adam(w, g, lr, s, t, beta1, beta2, epsilon, weightDecay=0.0):
    s["m"] = s.get("m", 0) + (g - s.get("m", 0)) * (1 - beta1)
    s["v"] = s.get("v", 0) + (g**2 - s.get("v", 0)) * (1 - beta2)
    alpha = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - lr * weightDecay * w - alpha * s["m"] / (np.sqrt(s["v"]) + epsilon)


def keras_adamax(w, g, lr, s, t, beta1, beta2, epsilon):
    s["m"] = s.get("m", 0) + (g - s.get("m", 0)) * (1 - beta1)
    s["u"] = np.maximum(beta2 * s.get("u", 0), np.abs(g))
    return w - lr / (1 - beta1**t) * s["m"] / (s["u"] + epsilon)


def keras_nadam(w, g, lr, s, t, beta1, beta2, epsilon, countsTwice=False):
    mu, following = [beta1 * (1 - 0.5 * 0.96 ** (0.004 * i)) for i in (t, t + 1)]
    s["m"] = s.get("m", 0) + (g - s.get("m", 0)) * (1 - beta1)
    s["v"] = s.get("v", 0) + (g**2 - s.get("v", 0)) * (1 - beta2)
    s["product"] = s.get("product", 1) * mu
    ahead = s["product"] * following * (mu if countsTwice else 1)
    m_hat = following * s["m"] / (1 - ahead) + (1 - mu) * g / (1 - s["product"])
    return w - lr * m_hat / (np.sqrt(s["v"] / (1 - beta2**t)) + epsilon)


def run_keras(update, rates, **options):
    weights, slots, path = WEIGHTS, {}, []
    for step, (gradient, rate) in enumerate(zip(GRADIENTS, rates), 1):
        weights = update(weights, gradient, rate, slots, step, **options)
        path.append(weights)
    return np.array(path)


def run_torch(make, rates, momenta=None):
    weights = torch.nn.Parameter(torch.tensor(WEIGHTS))
    optimizer = make([weights])
    path = []
    for gradient, rate in zip(GRADIENTS, rates):
        optimizer.param_groups[0]["lr"] = rate
        if momenta is not None:
            optimizer.param_groups[0]["momentum"] = momenta[len(path)]
        weights.grad = torch.tensor(gradient)
        optimizer.step()
        path.append(weights.detach().numpy().copy())
    return np.array(path)


def optimizers():
    O, tiny = torch.optim, 1e-12
    betas = dict(beta1=0.9, beta2=0.99)
    cases = []

    def case(source, spec, rates, path, **more):
        kept = path[np.array(KEPT) - 1]
        cases.append(dict(source=source, spec=spec, rates=rates, path=kept, **more))

    def from_keras(kind, update, options, shared=None, **extra):
        """`shared`: (options, rates, PyTorch's optimizer), where PyTorch defines the same."""
        if shared is not None:
            same_options, same_rates, make = shared
            expected = run_torch(make, same_rates)
            found = run_keras(update, same_rates, **{**options, **same_options, **extra})
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
            case("PyTorch", dict(type=kind, **{**options, **same_options}), same_rates, expected)
        case("Keras's formula", dict(type=kind, **options), SCHEDULED, run_keras(update, SCHEDULED, **options, **extra))

    case("PyTorch", dict(type="sgd"), SCHEDULED, run_torch(lambda p: O.SGD(p, 1), SCHEDULED))
    for nesterov, kind in [(False, "momentum"), (True, "nesterov")]:
        sgd = lambda p, nesterov=nesterov: O.SGD(p, 1, momentum=0.8, nesterov=nesterov)
        from_keras(kind, keras_sgd, dict(momentum=0.8), ({}, CONSTANT, sgd), nesterov=nesterov)
        # 1cycle moves the momentum. At a constant rate both libraries do the same with it.
        case("PyTorch", dict(type=kind), CONSTANT, run_torch(sgd, CONSTANT, CYCLED), momenta=CYCLED)
    from_keras(
        "adagrad",
        keras_adagrad,
        dict(initialAccumulator=0.2, epsilon=0.01),
        (dict(epsilon=tiny), SCHEDULED, lambda p: O.Adagrad(p, 1, initial_accumulator_value=0.2, eps=tiny)),
    )
    for centered in [False, True]:
        for momentum in [0.0, 0.7]:
            rms = lambda p, c=centered, m=momentum: O.RMSprop(p, 1, alpha=0.8, eps=tiny, momentum=m, centered=c)
            options = dict(rho=0.8, momentum=momentum, centered=centered, epsilon=0.01)
            from_keras("rmsprop", keras_rmsprop, options, (dict(epsilon=tiny), CONSTANT, rms))
    adam = lambda p: O.Adam(p, 1, (0.9, 0.99), eps=tiny)
    from_keras("adam", keras_adam, dict(epsilon=0.001, **betas), (dict(epsilon=tiny), SCHEDULED, adam))
    adamw = lambda p: O.AdamW(p, 1, (0.9, 0.99), eps=tiny, weight_decay=0.1)
    from_keras(
        "adamw", keras_adam, dict(epsilon=0.001, weightDecay=0.1, **betas), (dict(epsilon=tiny), SCHEDULED, adamw)
    )
    adamax = lambda p: O.Adamax(p, 1, (0.9, 0.99), eps=tiny)
    from_keras("adamax", keras_adamax, dict(epsilon=0.001, **betas), (dict(epsilon=tiny), SCHEDULED, adamax))
    nadam = dict(epsilon=0.001, **betas)
    expected = run_torch(lambda p: O.NAdam(p, 1, (0.9, 0.99), eps=0.001), SCHEDULED)
    found = run_keras(keras_nadam, SCHEDULED, countsTwice=torch.__version__ < "2", **nadam)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)  # it keeps the product in float32
    case("Dozat's formula", dict(type="nadam", **nadam), SCHEDULED, run_keras(keras_nadam, SCHEDULED, **nadam))
    return dict(weights=WEIGHTS, gradients=GRADIENTS, kept=KEPT, cases=cases)


# Clipping: TensorFlow's clip_by_value, clip_by_norm and clip_by_global_norm in NumPy. PyTorch's clip_grad_norm_
# adds 1e-6 to the norm, so it agrees to about that and is only checked against.


def clips():
    gradients = dict(a=float32(random.randn(4) * 3), b=float32(random.randn(3)), c=float32(random.randn(2) * 0.1))
    size = lambda g: np.sqrt(np.sum(g**2))
    joint = size(np.concatenate(list(gradients.values())))
    cases = []
    for bound in [0.05, 1.0, 100.0]:
        results = dict(
            value={k: np.clip(g, -bound, bound) for k, g in gradients.items()},
            norm={k: g * bound / max(size(g), bound) for k, g in gradients.items()},
            globalNorm={k: g * bound / max(joint, bound) for k, g in gradients.items()},
        )
        parameters = [torch.nn.Parameter(torch.tensor(g)) for g in gradients.values()]
        for parameter, (name, gradient) in zip(parameters, gradients.items()):
            parameter.grad = torch.tensor(gradient)
            torch.nn.utils.clip_grad_value_(parameter, bound)
            np.testing.assert_allclose(parameter.grad.numpy(), results["value"][name], rtol=1e-12)
        for parameter, gradient in zip(parameters, gradients.values()):
            parameter.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_(parameters, bound)
        for parameter, expected in zip(parameters, results["globalNorm"].values()):
            np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=1e-5)
        cases += [dict(clip={kind: bound}, clipped=clipped) for kind, clipped in results.items()]
    return dict(gradients=gradients, globalNorm=joint, cases=cases)


# Schedules: the rate at every step of a stage.

BASE = dict(learningRate=0.4, totalSteps=60, stepsPerEpoch=6)


def torch_rates(make, count):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], BASE["learningRate"])
    scheduler = make(optimizer)
    rates = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def one_cycle(up, down, start, top, end, high, low):
    """The three straight lines, from their corners."""
    corners = [0, up, down, BASE["totalSteps"] - 1]
    steps = np.arange(BASE["totalSteps"])
    rates = np.interp(steps, corners, [start, top, start, end])
    return rates, np.interp(steps, corners, [high, low, high, high])


def performance():
    values = [1.0, 0.9, 0.95, 0.8999, 0.92, math.nan, math.inf, 0.5, 0.5, 0.5, 0.5, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], BASE["learningRate"])
    # PyTorch waits for more than `patience` epochs, Keras for `patience` of them.
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.01, threshold_mode="abs", min_lr=0.07, eps=0
    )
    rates = []
    for value in values:
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    spec = dict(type="performance", factor=0.5, patience=3, minDelta=0.01, minLearningRate=0.07)
    return dict(spec=spec, values=values, rates=rates)


def schedules():
    L, lr, total = torch.optim.lr_scheduler, BASE["learningRate"], BASE["totalSteps"]
    epochs = total // BASE["stepsPerEpoch"]
    per_step = {
        "exponential": (dict(decaySteps=20, decayRate=0.5), torch_rates(lambda o: L.ExponentialLR(o, 0.5 ** (1 / 20)), total)),
        "power": (dict(decaySteps=20, power=0.5), [lr / math.sqrt(1 + t / 20) for t in range(total)]),
        "piecewiseConstant": (
            dict(boundaries=[10, 30], factors=[1, 0.1, 0.01]),
            torch_rates(lambda o: L.MultiStepLR(o, [10, 30], 0.1), total),
        ),
        "cosine": (
            dict(finalFactor=0.1),
            torch_rates(lambda o: L.CosineAnnealingLR(o, total, eta_min=0.1 * lr), total),
        ),
        "constant": ({}, [lr] * total),
    }
    cases = [dict(spec=dict(type=kind, **spec), rates=rates) for kind, (spec, rates) in per_step.items()]

    # Warm-up: a straight line through the first 5 steps, then the schedule from its beginning.
    for kind, (spec, rates) in per_step.items():
        rising = [rates[0] * (t + 1) / 5 for t in range(5)]
        if kind != "cosine":  # the cosine stretches over what the warm-up leaves
            cases.append(dict(spec=dict(type=kind, warmup=dict(steps=5), **spec), rates=rising + rates[: total - 5]))
    shorter = torch_rates(lambda o: L.CosineAnnealingLR(o, 50, eta_min=0), 50)
    rising = [lr * (t + 1) / 10 for t in range(10)]
    cases.append(dict(spec=dict(type="cosine", warmup=dict(steps=10)), rates=rising + shorter))
    held = [lr * (1 + math.cos(math.pi * min(t, 20) / 20)) / 2 for t in range(total)]
    cases.append(dict(spec=dict(type="cosine", decaySteps=20), rates=held))

    by_epoch = torch_rates(lambda o: L.ExponentialLR(o, 0.5 ** (1 / 4)), epochs)
    stairs = list(np.repeat(by_epoch, BASE["stepsPerEpoch"]))
    cases.append(dict(spec=dict(type="exponential", per="epoch", decaySteps=4, decayRate=0.5), rates=stairs))
    by_epoch = torch_rates(lambda o: L.CosineAnnealingLR(o, epochs), epochs)
    stairs = list(np.repeat(by_epoch, BASE["stepsPerEpoch"]))
    cases.append(dict(spec=dict(type="cosine", per="epoch"), rates=stairs))

    rates, momenta = one_cycle(27, 54, 0.1, 1.0, 0.0001, 0.95, 0.85)
    cases.append(dict(spec=dict(type="oneCycle", maxLearningRate=1.0), rates=rates, momenta=momenta))
    rates, momenta = one_cycle(12, 42, 0.25, 0.5, 0.0025, 0.9, 0.7)
    spec = dict(
        maxLearningRate=0.5, startFactor=0.5, finalFactor=0.01, upFraction=0.2, downFraction=0.5, maxMomentum=0.9,
        minMomentum=0.7,
    )
    cases.append(dict(spec=dict(type="oneCycle", **spec), rates=rates, momenta=momenta))
    return dict(base=BASE, cases=cases, performance=performance())


def activations():
    points = float32(np.concatenate([np.linspace(-8, 8, 65), [-90, -20, -1e-3, 1e-3, 20, 90]]))
    cases = [
        ("linear", lambda x: x * 1),
        ("sigmoid", torch.sigmoid),
        ("tanh", torch.tanh),
        ("relu", F.relu),
        ("relu6", F.relu6),
        ("leakyRelu", lambda x: F.leaky_relu(x, 0.2)),
        (dict(type="leakyRelu", alpha=0.05), lambda x: F.leaky_relu(x, 0.05)),
        ("elu", F.elu),
        (dict(type="elu", alpha=0.7), lambda x: F.elu(x, 0.7)),
        (dict(type="elu", alpha=1.8), lambda x: F.elu(x, 1.8)),
        ("selu", F.selu),
        ("gelu", F.gelu),
        ("swish", F.silu),
        ("softplus", F.softplus),
    ]
    # Which one-sided derivative stands at a corner is a convention, so the corners are left out of the points.
    points = points[(points != 0) & (points != 6)]
    results = []
    for activation, function in cases:
        x = torch.tensor(points, requires_grad=True)
        y = function(x)
        y.sum().backward()
        results.append(dict(activation=activation, values=y, gradients=x.grad))
    rows = torch.tensor(float32(random.randn(4, 5) * 4), requires_grad=True)
    weights = torch.tensor(float32(random.randn(4, 5)))
    values = F.softmax(rows, -1)
    (values * weights).sum().backward()
    return dict(
        points=points, cases=results, softmax=dict(rows=rows, weights=weights, values=values, gradients=rows.grad)
    )


def losses():
    logits = float32(random.randn(6, 4) * 3)
    logits[4] = [80, -90, 3, 0]
    labels = F.one_hot(torch.tensor([0, 3, 1, 2, 1, 0]), 4).double()
    outputs, targets = float32(random.randn(6, 1) * 2), float32(random.randn(6, 1))
    outputs[2] = targets[2]
    weights = float32(random.rand(6) + 0.5)
    cases = []

    def case(spec, x, y, function):
        x = torch.tensor(x, requires_grad=True)
        y = torch.as_tensor(y)
        each = function(x, y).reshape(6, -1).mean(-1)
        mean = (each * torch.tensor(weights)).sum() / 6
        mean.backward()
        cases.append(dict(loss=spec, outputs=x, targets=y, losses=each, mean=mean, gradients=x.grad))

    for smoothing in [0.0, 0.1]:
        spec = dict(type="categoricalCrossEntropy", labelSmoothing=smoothing)
        case(spec, logits, labels, lambda x, y, s=smoothing: F.cross_entropy(x, y, reduction="none", label_smoothing=s))
    case(dict(type="mse"), outputs, targets, lambda x, y: F.mse_loss(x, y, reduction="none"))
    case(dict(type="mae"), outputs, targets, lambda x, y: F.l1_loss(x, y, reduction="none"))
    case(dict(type="huber", delta=0.8), outputs, targets, lambda x, y: F.huber_loss(x, y, reduction="none", delta=0.8))

    own = fresh("binary cross-entropy")
    logits, labels = float32(own.randn(6, 4) * 3), float32(own.randint(0, 2, (6, 4)))
    logits[4], labels[4] = [90, -90, 90, -90], [1, 0, 0, 1]
    logits[5], labels[5] = [0, 0, 1e4, -20], [0, 1, 1, 0]
    for smoothing in [0.0, 0.2]:
        spec = dict(type="binaryCrossEntropy", labelSmoothing=smoothing)
        smooth = lambda y, s=smoothing: y * (1 - s) + s / 2  # Keras's
        case(spec, logits, labels, lambda x, y: F.binary_cross_entropy_with_logits(x, smooth(y), reduction="none"))

    own = fresh("Gaussian")
    outputs, targets = float32(own.randn(6, 2) * [2, 1.5]), float32(own.randn(6, 1))
    outputs[2, 0] = targets[2, 0]
    outputs[3:5, 1] = [-10, 9]
    nll = lambda x, y: F.gaussian_nll_loss(x[:, :1], y, torch.exp(x[:, 1:]), full=False, reduction="none")
    case(dict(type="gaussianNll"), outputs, targets, nll)
    # The other losses of a regression see a Gaussian's mean.
    case(dict(type="mse"), outputs, targets, lambda x, y: F.mse_loss(x[:, :1], y, reduction="none"))
    case(dict(type="mae"), outputs, targets, lambda x, y: F.l1_loss(x[:, :1], y, reduction="none"))
    huber = lambda x, y: F.huber_loss(x[:, :1], y, reduction="none", delta=0.8)
    case(dict(type="huber", delta=0.8), outputs, targets, huber)
    return dict(weights=weights, cases=cases)


def calibration_error(probabilities, truth):
    """Guo et al. (2017): 15 bins of confidence, (low, high]."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    edges = np.linspace(0, 1, 16)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def classification(truth, logits):
    classes = list(range(logits.shape[1]))
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    predicted = probabilities.argmax(1)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    present = np.unique(truth)
    areas = [sk.roc_auc_score(truth == c, probabilities[:, c]) for c in present]
    return dict(
        truth=truth,
        logits=logits,
        metrics=dict(
            accuracy=sk.accuracy_score(truth, predicted),
            nll=sk.log_loss(truth, probabilities, labels=classes),
            precision=precision,
            recall=recall,
            f1=f1,
            ece=calibration_error(probabilities, truth),
        ),
        auc=np.mean(areas),
        confusion=sk.confusion_matrix(truth, predicted, labels=classes),
    )


def top_k():
    own = fresh("top k")
    truth = own.randint(0, 7, 120)
    logits = float32(own.randn(120, 7) + np.eye(7)[truth])
    classes = list(range(7))
    accuracies = {k: sk.top_k_accuracy_score(truth, logits, k=k, labels=classes) for k in [2, 3, 6]}
    return dict(truth=truth, logits=logits, accuracies=accuracies)


def label_calibration_error(probabilities, truth):
    """The same for what is foretold with a probability: how often it comes true."""
    edges = np.linspace(0, 1, 16)
    error, shares = 0.0, []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (probabilities > low) & (probabilities <= high)
        if inside.any():
            shares.append([truth[inside].mean(), probabilities[inside].mean()])
            error += inside.mean() * abs(shares[-1][0] - shares[-1][1])
    np.testing.assert_allclose(np.transpose(shares), calibration_curve(truth, probabilities, n_bins=15))
    return error


def multilabel(truth, logits):
    probabilities = 1 / (1 + np.exp(-logits))
    predicted = probabilities >= 0.5
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    ranked = [i for i in range(truth.shape[1]) if 0 < truth[:, i].mean() < 1]
    return dict(
        truth=truth,
        logits=logits,
        metrics=dict(
            accuracy=sk.accuracy_score(truth.ravel(), predicted.ravel()),
            exactMatch=sk.accuracy_score(truth, predicted),
            nll=sk.log_loss(truth.ravel(), probabilities.ravel()),
            precision=precision,
            recall=recall,
            f1=f1,
            ece=label_calibration_error(probabilities.ravel(), truth.ravel()),
        ),
        auc=sk.roc_auc_score(truth[:, ranked], probabilities[:, ranked], average="macro"),
        confusions=sk.multilabel_confusion_matrix(truth, predicted),
    )


def multilabels():
    own = fresh("multilabel")
    truth = (own.rand(200, 4) < [0.5, 0.3, 0.05, 0.7]).astype(int)
    logits = float32(2 * own.randn(200, 4) + 3 * (truth - 0.5))
    absent, unsaid = truth.copy(), logits.copy()
    absent[:, 1] = 0  # a label that is predicted and never true
    unsaid[:, 3] = -abs(unsaid[:, 3])  # one that is true and never predicted
    return [multilabel(truth, logits), multilabel(absent, unsaid)]


def gaussian(components):
    """Gaussians, or equal mixtures of several, of a standardized target, in the target's own units."""
    own = fresh(f"Gaussian {components}")
    mean, std = -40.0, 6.5
    standardized = float32(own.randn(150))
    outputs = float32(own.randn(150, components, 2) * [0.5, 1])
    outputs[..., 0] = float32(outputs[..., 0] + standardized[:, None])
    y, means = standardized * std + mean, outputs[..., 0] * std + mean
    predictions = means.mean(1)
    logs = norm.logpdf(y[:, None], means, np.exp(outputs[..., 1] / 2) * std)
    return dict(
        std=std,
        targets=standardized,
        outputs=outputs.reshape(150, -1),
        metrics=dict(
            rmse=math.sqrt(sk.mean_squared_error(y, predictions)),
            mae=sk.mean_absolute_error(y, predictions),
            r2=sk.r2_score(y, predictions),
            nll=-np.mean(logsumexp(logs, axis=1) - math.log(components)),
        ),
    )


def gaussian_mixtures():
    """Equal mixtures: standard deviation, and quantiles where SciPy's root finder sees the distribution function."""
    own = fresh("mixtures")
    quantiles = [1e-6, 0.05, 0.25, 0.5, 0.9, 0.999]
    cases = []
    for spread, components in [(1, 1), (1, 5), (0, 3), (30, 4), (0.01, 100)]:
        means, stds = 1e3 + spread * own.randn(components), np.exp(own.randn(components))
        below = lambda y, q: norm.cdf(y, means, stds).mean() - q
        ends = means.min() - 10 * stds.max(), means.max() + 10 * stds.max()
        found = [brentq(below, *ends, args=(q,), xtol=1e-13, rtol=1e-15) for q in quantiles]
        total = math.sqrt((stds**2 + means**2).mean() - means.mean() ** 2)
        cases.append(dict(means=means, stds=stds, mean=means.mean(), std=total, quantiles=found))
    points = np.concatenate([np.linspace(-9, 9, 73), [-38, -30, -20, 7.071, 7.0711, 20, 40]])
    return dict(points=points, cdf=norm.cdf(points), quantiles=quantiles, cases=cases)


def metrics():
    truth = random.randint(0, 5, 200)
    logits = float32(random.randn(200, 5) + 1.5 * np.eye(5)[truth])
    tied = random.randint(0, 2, 60)
    absent = np.where(truth == 3, 0, truth)  # a class that is predicted and never true
    mean, std = 1e4, 3.7
    standardized = float32(random.randn(150))
    outputs = float32(standardized + 0.4 * random.randn(150))
    y, predictions = standardized * std + mean, outputs * std + mean
    return dict(
        classification=[
            classification(truth, logits),
            classification(absent, logits),
            classification(tied, float32(np.round(random.randn(60, 2) + np.eye(2)[tied]))),
        ],
        regression=dict(
            std=std,
            targets=standardized,
            outputs=outputs,
            metrics=dict(
                rmse=math.sqrt(sk.mean_squared_error(y, predictions)),
                mae=sk.mean_absolute_error(y, predictions),
                r2=sk.r2_score(y, predictions),
            ),
        ),
        multilabel=multilabels(),
        gaussian=[gaussian(1), gaussian(7)],
        topK=top_k(),
    )


def normal_quantiles():
    tails = [10.0**-k for k in range(1, 300, 13)]
    points = sorted({*tails, *np.linspace(0.001, 0.999, 101), 0.075, 0.925, math.exp(-25), 2.0**-33, 1 - 2.0**-33})
    return dict(points=points, quantiles=norm.ppf(points), truncatedStd=truncnorm.std(-2, 2), lowerTail=norm.cdf(-2))


if __name__ == "__main__":
    write("optimizers", optimizers())
    write("clips", clips())
    write("schedules", schedules())
    write("activations", activations())
    write("losses", losses())
    write("metrics", metrics())
    write("normal-quantiles", normal_quantiles())
    write("gaussian-mixtures", gaussian_mixtures())
