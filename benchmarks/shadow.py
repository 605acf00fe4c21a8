"""What the layout of weights and folded batch-norm would give: `python -m benchmarks.shadow [--data FOLDER]`.

One step of a synthesis – forward as far as a layer, backward to the picture – in the orders of memory that a shadow
could have. The parties alternate within one run and medians of their CPU time are printed, with the ratio to what is
done now and how far the gradient deviates from that of the plain order. Where rounding moves the strongest of a
pooling window, or a value across a rectifier's threshold, single pixels of the gradient differ by more than rounding.

* plain: weights and picture in rows of channels, rows, columns;
* now: the picture channels last;
* last: the weights channels last, too (a copy of each in the shadow);
* folded: now, and batch-norm folded into the convolution before it;
* both.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models

import nbviz

DATA = Path(os.environ.get("NBVIZ_TEST_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
LAYERS = {
    "mobilenet_v2": ("features.4", "features.11", "features.17"),
    "squeezenet1_1": ("features.3", "features.8", "features.10"),
    "resnet18": ("layer1", "layer2", "layer4"),
}
LAST = torch.channels_last
ROUNDS = 15


def main() -> None:
    """Print a table a network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real weights; without it they are random")
    folder = parser.parse_args().data
    torch.set_num_threads(1)
    for name, layers in LAYERS.items():
        parties = _parties(_model(name, folder))
        x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        for layer in layers:
            print(name, layer, _compared({k: _step(net, layer, x, k != "plain") for k, net in parties.items()}))


def _model(name: str, folder: Path) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = models.get_model(name, weights=None)
    weights = folder / f"{name}_imagenet.safetensors"
    if weights.is_file():
        from safetensors.torch import load_file

        model.load_state_dict(load_file(weights))
    return model.eval().requires_grad_(False)


def _parties(model: nn.Module) -> dict[str, nn.Module]:
    folded = _folded(copy.deepcopy(model))
    return {
        "plain": model,
        "now": model,
        "last": copy.deepcopy(model).to(memory_format=LAST),
        "folded": folded,
        "both": copy.deepcopy(folded).to(memory_format=LAST),
    }


def _folded(module: nn.Module) -> nn.Module:
    """Each batch-norm that follows a convolution within a container, folded into it."""
    names = list(module._modules)
    for first, second in pairwise(names):
        conv, norm = module._modules[first], module._modules[second]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module._modules[first], module._modules[second] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    for child in module.children():
        _folded(child)
    return module


def _step(model: nn.Module, layer: str, x: Tensor, last: bool) -> Callable[[], Tensor]:
    net = nbviz.Network(model, input_size=224, device="cpu")
    # What is measured is the order of memory itself, whatever the library would choose.
    net._channels_last = last

    def step() -> Tensor:
        free = x.clone().requires_grad_()
        value = net.tap(net.arranged(free), [layer])[layer][:, 3].mean()
        return torch.autograd.grad(value, free)[0]

    return step


def _compared(steps: dict[str, Callable[[], Tensor]]) -> str:
    found = {name: step() for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            begun = time.process_time()
            step()
            times[name].append(time.process_time() - begun)
    medians = {name: statistics.median(each) for name, each in times.items()}
    largest = float(found["plain"].abs().max())
    return ", ".join(
        f"{name} {1e3 * median:.0f} ms ({median / medians['now']:.2f}, "
        f"{float((found[name] - found['plain']).abs().max()) / largest:.0e})"
        for name, median in medians.items()
    )


if __name__ == "__main__":
    main()
