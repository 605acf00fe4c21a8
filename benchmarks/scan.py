"""The scan, in figures: speed over the bare forward, memory, the time to open, a random read, bytes a channel.

    python benchmarks/scan.py                       the demo network on its scenes
    python benchmarks/scan.py --data FOLDER         real networks on photographs, too: FOLDER/*.safetensors, photos/

Parties alternate within one run, and medians of their processor time are compared, so that other work on the machine
falls on all of them alike. 'Bare forward' is the model as it is, in torch's own memory layout, without nbviz; 'naive
hooks' keeps the maximum and its place of every map by a forward hook on every layer that is scanned.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

import nbviz
from nbviz.atlas.begin import workshop
from nbviz.atlas.gather import Gatherer, Read
from nbviz.atlas.pictures import source_of

BATCH, ROUNDS = 16, 7
NETWORKS = ("squeezenet1_1", "mobilenet_v2", "resnet18")


def medians(parties: dict[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds of processor time of each party, the first round left out."""
    times: dict[str, list[float]] = {name: [] for name in parties}
    for number in range(rounds + 1):
        for name, run in parties.items():
            began = time.process_time()
            run()
            if number:
                times[name].append(time.process_time() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def speed(net: nbviz.Network, layers: list[str] | None) -> str:
    """The work on one batch, when many pictures have been seen before, beside its parties."""
    size = net.input_size
    pictures = [np.random.default_rng(i).integers(0, 256, (*size, 3), np.uint8) for i in range(BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(pictures)
        shop = workshop(net, source, Path(folder), layers, 9, BATCH)
        batch = [Read(shop.net, source, i, "picture") for i in range(BATCH)]
        limits, plan = shop.limits, shop.plan
    x = torch.cat([read.x for read in batch if read.x is not None])
    seasoned = Gatherer(plan, limits, 0, BATCH)
    for _ in range(20):  # as after many pictures: few maps of a batch enter the results
        seasoned.add(shop.net, batch)
    names = [layer.name.partition("#")[0] for layer in plan.layers]
    found = medians(
        {
            "bare forward": lambda: bare(net.model, x),
            "naive hooks": lambda: naive(net.model, x, names),
            "scan, first batch": lambda: Gatherer(plan, limits, 0, BATCH).add(shop.net, batch),
            "scan, later": lambda: seasoned.add(shop.net, batch),
        }
    )
    floor = found["bare forward"]
    parts = [f"{name} {1e3 * seconds / BATCH:.1f} ms ({seconds / floor:.2f}×)" for name, seconds in found.items()]
    return f"{net.name}, {len(plan.layers)} layers, {plan.channels:,} channels, a picture: " + ", ".join(parts)


@torch.inference_mode()
def bare(model: nn.Module, x: torch.Tensor) -> None:
    """The forward that any implementation must run."""
    model.eval()(x)


@torch.inference_mode()
def naive(model: nn.Module, x: torch.Tensor, names: list[str]) -> None:
    """Every maximum with its place, by hooks."""
    kept = []

    def hook(_module: nn.Module, _args: object, out: torch.Tensor) -> None:
        kept.append(out.flatten(2).max(2) if out.dim() == 4 else out)

    handles = [model.get_submodule(name).register_forward_hook(hook) for name in names]
    try:
        model.eval()(x)
    finally:
        for handle in handles:
            handle.remove()


def memory(net: nbviz.Network, lengths: tuple[int, int] = (256, 1024)) -> str:
    """The peak of this process over two lengths of one data set: what it grows by does not depend on the length."""
    peaks = []
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            nbviz.scan(net, Drawn(length), Path(folder) / "atlas", layers=["layer2", "fc"], batch=BATCH, progress=False)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return f"peak memory after {lengths[0]:,} pictures {peaks[0]:,.0f} MB, after {lengths[1]:,} {peaks[1]:,.0f} MB"


class Drawn:
    """Scenes that are drawn when they are asked for."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> np.ndarray:
        return nbviz.demo.scenes(1, seed=index).pictures[0]


def reading(path: Path) -> str:
    """Opening, and a channel's patches at random, each time with a reader that remembers nothing."""
    opening = [_timed(lambda: nbviz.Atlas(path)) for _ in range(20)]
    plan = nbviz.Atlas(path).plan
    chance, reads, pixels = np.random.default_rng(0), [], []
    for _ in range(40):
        layer = plan.layers[chance.integers(len(plan.layers))]
        unit = (layer.name, int(chance.integers(layer.channels)))
        atlas = nbviz.Atlas(path)
        reads.append(_timed(lambda atlas=atlas, unit=unit: atlas.top(unit)))
        pixels.append(_timed(lambda atlas=atlas, unit=unit: atlas.top(unit)[0].image))
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    opened, read, pixel = (1e3 * statistics.median(times) for times in (opening, reads, pixels))
    return (
        f"open {opened:.1f} ms; patches of a random unit {read:.1f} ms, with the first one's pixels {pixel:.1f} ms; "
        f"{size / plan.channels / 1024:.1f} KB a channel, {size / 1e6:.0f} MB"
    )


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def whole(net: nbviz.Network, folder: Path, atlas: Path) -> str:
    """A scan from beginning to end."""
    count = sum(1 for _ in folder.iterdir())
    began, cpu = time.perf_counter(), time.process_time()
    nbviz.scan(net, folder, atlas, progress=False)
    seconds, busy = time.perf_counter() - began, time.process_time() - cpu
    took = f"{seconds:.0f} s ({busy:.0f} s of processor)"
    return f"{net.name}: {count} pictures, all layers, patches cut and written: {took}"


def demo() -> None:
    """The demo network on scenes."""
    net = nbviz.Network.demo(device="cpu")
    print(speed(net, None))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "scenes").mkdir()
        for number, picture in enumerate(nbviz.demo.scenes(256, seed=0).pictures):
            Image.fromarray(picture).save(root / "scenes" / f"{number}.png")
        print(whole(net, root / "scenes", root / "atlas"))
        print(reading(root / "atlas"))
    print(memory(net))


def real(data: Path, scans: bool) -> None:
    """Networks of torchvision: speed with random weights where there are no others; photographs with real ones."""
    for name in NETWORKS:
        net = nbviz.Network.torchvision(name, None, device="cpu")
        weights = data / f"{name}_imagenet.safetensors"
        if weights.is_file():
            from safetensors.torch import load_file

            net.model.load_state_dict(load_file(weights))
        print(speed(net, None), flush=True)
        convolutions = [layer.name for layer in net.layers.values() if layer.kind == "Conv2d"]
        print("convolutions only: " + speed(net, convolutions), flush=True)
        if scans and weights.is_file():
            with tempfile.TemporaryDirectory() as folder:
                photos = Path(folder) / "photos"
                photos.mkdir()
                for photo in (data / "photos").glob("*.jpg"):
                    (photos / photo.name).symlink_to(photo.resolve())
                print(whole(net, photos, Path(folder) / "atlas"), flush=True)
                print(reading(Path(folder) / "atlas"), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with real weights and photographs")
    parser.add_argument("--no-scans", action="store_true", help="of the real networks, the speed only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, batches of {BATCH}, Python {sys.version.split()[0]}")
    demo()
    if options.data:
        real(options.data, not options.no_scans)


if __name__ == "__main__":
    main()
