"""Writes fixtures/gan.json: steps of a small GAN in PyTorch. python3 make_gan_fixtures.py"""

import json
from pathlib import Path

import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
LATENT, WIDTH, HIDDEN, BATCH, STEPS, SMOOTHING = 3, 2, 5, 4, 3, 0.1
RATES = {"discriminator": 0.3, "generator": 0.2}


def network(inputs: int, outputs: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(inputs, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, outputs))


def weights(prefix: str, net: torch.nn.Sequential) -> dict:
    named = {}
    for layer, linear in (("hidden", net[0]), ("output", net[2])):
        named[f"{prefix}{layer}/kernel"] = linear.weight.detach().T.tolist()
        named[f"{prefix}{layer}/bias"] = linear.bias.detach().tolist()
    return named


def both() -> dict:
    return {**weights("", discriminator), **weights("generator.", generator)}


discriminator, generator = network(WIDTH, 1), network(LATENT, WIDTH)
d_optimizer = torch.optim.SGD(discriminator.parameters(), lr=RATES["discriminator"])
g_optimizer = torch.optim.SGD(generator.parameters(), lr=RATES["generator"])
loss = torch.nn.BCEWithLogitsLoss()
fixture = {"initial": both(), "steps": []}
for _ in range(STEPS):
    x, noise = torch.randn(BATCH, WIDTH), torch.randn(BATCH, LATENT)
    made_up = generator(noise)
    logits = discriminator(torch.cat([x, made_up.detach()]))
    targets = torch.cat([torch.full((BATCH, 1), 1 - SMOOTHING), torch.zeros(BATCH, 1)])
    d_loss = loss(logits, targets)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    g_loss = loss(discriminator(made_up), torch.ones(BATCH, 1))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    fixture["steps"].append(
        {
            "x": x.flatten().tolist(),
            "noise": noise.flatten().tolist(),
            "logits": torch.cat([logits[:BATCH], logits[BATCH:]], dim=1).flatten().tolist(),
            "loss": d_loss.item(),
            "generatorLoss": g_loss.item(),
            "weights": both(),
        }
    )
Path(__file__).with_name("fixtures").joinpath("gan.json").write_text(json.dumps(fixture))
