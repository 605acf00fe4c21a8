"""Train the demo's network from scratch: `python -m nbviz.demo.train`.

Draws scenes with one and with two objects, trains on both, measures on scenes it has not seen, and writes the weights
and a report beside them. The defaults give the shipped weights; the same seed, number of threads, versions and kind of
processor give the same file. On a machine that is busy with other work, OMP_WAIT_POLICY=passive in the environment
keeps the threads from spinning while they wait for each other.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from .convnet import WEIGHTS, DemoNet
from .preprocessing import transform
from .scenes import CLASSES, scene

HELD_OUT = 1_000_000
"""Added to the training seed for the scenes of the report."""


@dataclass(frozen=True)
class Pictures:
    """Scenes as tensors: `pixels` (N, 3, H, W) uint8, `targets` (N, classes), each row's share of every class."""

    pixels: Tensor
    targets: Tensor

    def __add__(self, other: Pictures) -> Pictures:
        return Pictures(torch.cat([self.pixels, other.pixels]), torch.cat([self.targets, other.targets]))


def _draw(seed: int, index: int, objects: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    picture, labels, _ = scene(seed, index, objects)
    return picture, labels


def draw(n: int, seed: int, objects: int, pool: ProcessPoolExecutor) -> Pictures:
    """`n` scenes with `objects` objects each, drawn by the processes of `pool`; the same as `scenes` draws."""
    drawn = list(pool.map(_draw, repeat(seed, n), range(n), repeat(objects), chunksize=64))
    pixels = torch.from_numpy(np.stack([picture for picture, _ in drawn])).permute(0, 3, 1, 2)
    targets = torch.zeros(n, len(CLASSES))
    targets.scatter_(1, torch.from_numpy(np.stack([labels for _, labels in drawn])), 1 / objects)
    return Pictures(pixels.contiguous(memory_format=torch.channels_last), targets)


def normalise(pixels: Tensor) -> Tensor:
    """What `transform` does to one picture, for a batch (N, 3, H, W)."""
    mean, std = torch.tensor(transform.mean)[:, None, None], torch.tensor(transform.std)[:, None, None]
    return (pixels.float() / 255 - mean) / std


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror, turn and recolour pictures (N, 3, H, W) uint8, and normalise: nothing that makes a class another one."""

    def coin() -> Tensor:
        return torch.rand(len(pixels), 1, 1, 1, generator=generator) < 0.5

    pixels = torch.where(coin(), pixels.flip(2), pixels)
    pixels = torch.where(coin(), pixels.flip(3), pixels)
    pixels = torch.where(coin(), pixels.transpose(2, 3), pixels)
    x = normalise(pixels[:, torch.randperm(3, generator=generator)])
    gain, shift = 0.15 * torch.randn(2, len(x), 3, 1, 1, generator=generator)
    recoloured: Tensor = x * (1 + gain) + shift
    return recoloured.contiguous(memory_format=torch.channels_last)


def batches(data: Pictures, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Augmented batches of every scene once, in random order; a last, smaller batch is left out."""
    order = torch.randperm(len(data.pixels), generator=generator)
    for chosen in order[: len(order) // size * size].split(size):
        yield augment(data.pixels[chosen], generator), data.targets[chosen]


def fit(net: DemoNet, data: Pictures, epochs: int, batch: int, rate: float, seed: int) -> None:
    """Minimise the cross-entropy against the classes' shares, with a one-cycle learning rate up to `rate`."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(net.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, epochs=epochs, steps_per_epoch=len(data.pixels) // batch, pct_start=0.2
    )
    net.to(memory_format=torch.channels_last).train()
    started = time.perf_counter()
    for epoch in range(1, epochs + 1):
        losses = []
        for x, targets in batches(data, batch, generator):
            loss = torch.nn.functional.cross_entropy(net(x), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - started
        print(f"epoch {epoch:2d} of {epochs}: loss {np.mean(losses):.4f}, {seconds:.0f} s", flush=True)
    net.eval()


@torch.no_grad()
def hit_rates(net: DemoNet, data: Pictures) -> Tensor:
    """For each scene with k objects, whether exactly these are the k strongest logits: (N,) bool."""
    logits = torch.cat([net(normalise(pixels)) for pixels in data.pixels.split(200)])
    objects = int((data.targets[0] > 0).sum())
    return data.targets.gather(1, logits.topk(objects).indices).gt(0).all(1)


def train(
    out: Path, seed: int, epochs: int, n: int, unseen: int, batch: int, rate: float, threads: int
) -> dict[str, object]:
    """Train on `n` scenes, half with one object and half with two; write `out` and return the report.

    The report is measured on `unseen` further scenes of either kind.
    """
    started = time.perf_counter()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    with ProcessPoolExecutor(threads, mp_context=get_context("spawn")) as pool:
        ones = n // 2
        data = draw(ones, seed, 1, pool) + draw(n - ones, seed, 2, pool)
        held_out = [draw(unseen, HELD_OUT + seed, objects, pool) for objects in (1, 2)]
    print(f"{n} scenes drawn, {time.perf_counter() - started:.0f} s", flush=True)
    net = DemoNet()
    fit(net, data, epochs, batch, rate, seed)
    one, two = (hit_rates(net, scenes) for scenes in held_out)
    by_class = {name: one[held_out[0].targets[:, k] > 0] for k, name in enumerate(CLASSES)}
    weakest = min(by_class, key=lambda name: float(by_class[name].float().mean().nan_to_num(1)))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, out)
    return {
        "accuracy, one object": round(one.float().mean().item(), 4),
        "both in the top two, two objects": round(two.float().mean().item(), 4),
        "weakest class": weakest,
        "held-out scenes": [len(one), len(two)],
        "scenes drawn": n,
        "scenes seen": epochs * (n // batch * batch),
        "parameters": sum(p.numel() for p in net.parameters()),
        "seconds": round(time.perf_counter() - started),
        "settings": {"seed": seed, "epochs": epochs, "batch": batch, "rate": rate, "threads": threads},
        "torch": torch.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m nbviz.demo.train",
        description="Train the demo's network from scratch on freshly drawn scenes.",
        epilog="example: python -m nbviz.demo.train --out /tmp/weights.safetensors --epochs 3",
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="weights file; report.json is written beside it")
    parser.add_argument("--seed", type=int, default=0, help="of the scenes, the first weights and the order")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--scenes", type=int, default=18_000, help="how many to draw; each is seen once an epoch")
    parser.add_argument("--unseen", type=int, default=2000, help="held-out scenes of either kind for the report")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.08, help="the largest learning rate")
    parser.add_argument("--threads", type=int, default=2, help="of torch, and processes that draw")
    args = parser.parse_args()
    report = train(args.out, args.seed, args.epochs, args.scenes, args.unseen, args.batch, args.rate, args.threads)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    args.out.with_name("report.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
