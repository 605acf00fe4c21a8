"""The ground-truth benchmark: `python -m benchmarks.ground_truth [--scenes N] [--data FOLDER] [--write]`.

Scores every method on the demo's two-object scenes, whose masks are known; and, where a folder of real weights and
photographs is given (or NBVIZ_TEST_DATA names one), on photographs with boxes. `--write` puts the tables into
docs/ground-truth.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path

import torch
from PIL import Image

import nbviz

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "ground-truth.md"
DATA = Path(os.environ.get("NBVIZ_TEST_DATA", ROOT.parent / "shared" / "data"))
NETWORKS = ("squeezenet1_1", "mobilenet_v2")
SEED = 7
LARGEST = 0.35  # share of a photograph that the boxes asked about may cover

INTRODUCTION = """# What the methods find, where it is known what is there

Written by `python -m benchmarks.ground_truth --write`; nothing here is typed in by hand. The part on the demo needs
nothing but this repository.

* **pointing** – the share of questions where the map's maximum lies in the object (0 px beside it);
* **mass** – Σ R⁺ inside of the object ÷ Σ R⁺; **rank** – the share of the |object| highest pixels that lies inside;
* **insertion**, **deletion** – area under the class's probability while pixels come into a blurred picture, or are
  painted grey, the most important first (RISE, 2018);
* **ρ** – Spearman's rank correlation of the map with the one after the weights of the upper layers were shuffled:
  the topmost alone, a quarter of the layers from the top, …, all (Adebayo et al., 2018). Maps that are empty
  afterwards are left out. **changes** says whether |ρ| is below ½ once a quarter of the layers is shuffled, and
  stays there. Where it says no, the picture owes more to the architecture and the edges of the picture than to what
  the network has learned.

R⁺ is the positive part of a map; of colour gradients, whose sign is no sign of evidence, the largest magnitude over the
colours. `centre` and `random` are maps that have not looked at anything: what is not better than these finds nothing.
Every method runs with its defaults; no map is smoothed.
"""


def scenes(count: int) -> str:
    """The demo's part: scenes of two objects, each asked about."""
    pictures, labels, masks = nbviz.demo.scenes(count, SEED, objects=2)
    result = nbviz.evaluate(nbviz.Network.demo(device="cpu"), pictures, masks, labels, randomised=8)
    return (
        f"## The demo network on {count} scenes of two objects\n\n`nbviz.demo.scenes({count}, {SEED}, objects=2)`: "
        f"each object is asked about by its class. Objects cover {masks.mean():.1%} of a picture each.\n\n"
        f"{result.to_markdown()}"
    )


def photographs(folder: Path, name: str, most: int) -> str:
    """A real network on photographs with boxes: each class of a picture is asked about with its boxes joined."""
    questions = _questions(folder / "photos")
    # Pictures of several classes first: there, a map must choose.
    questions = sorted(questions, key=lambda q: (-sum(other[0] == q[0] for other in questions), q[0], q[1]))[:most]
    net = _network(folder, name)
    result = nbviz.evaluate(
        net, [q[0] for q in questions], [q[2] for q in questions], [q[1] for q in questions], randomised=2
    )
    pictures = len({q[0] for q in questions})
    return (
        f"## {name} with ImageNet weights on photographs\n\n{len(questions)} questions about {pictures} photographs "
        "under free licences, which are not part of this repository, with boxes of COCO or drawn by hand that cover "
        f"at most {LARGEST:.0%} of them.\n\n"
        f"{result.to_markdown()}"
    )


def _questions(folder: Path) -> list[tuple[Path, int, list[list[float]]]]:
    """(photograph, class, boxes) of every class that covers little of what the crop leaves: a blind guess misses."""
    boxes: dict[tuple[Path, int], list[list[float]]] = {}
    with (folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            box = [float(row[corner]) for corner in ("x0", "y0", "x1", "y1")]
            if row["class_index"].isdecimal():
                boxes.setdefault((folder / row["file"], int(row["class_index"])), []).append(box)
    return [
        (path, index, found) for (path, index), found in boxes.items() if 0.01 < _share(path, found) < LARGEST
    ]  # fmt: skip


def _share(path: Path, boxes: list[list[float]]) -> float:
    """How much of the central square, 7/8 of the shorter side, the boxes cover at most."""
    with Image.open(path) as picture:
        width, height = picture.size
    side = min(width, height) * 7 / 8
    left, top = (width - side) / 2, (height - side) / 2
    inside = [
        max(0.0, min(x1, left + side) - max(x0, left)) * max(0.0, min(y1, top + side) - max(y0, top))
        for x0, y0, x1, y1 in boxes
    ]
    return sum(inside) / side**2


def _network(folder: Path, name: str) -> nbviz.Network:
    from safetensors.torch import load_file
    from torchvision import models

    model = models.get_model(name, weights=None)
    model.load_state_dict(load_file(folder / f"{name}_imagenet.safetensors"), strict=True)
    net = nbviz.Network(model, input_size=224, device="cpu")
    net.name = name
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=24, help="scenes of two objects (default 24)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real weights and photographs")
    parser.add_argument("--questions", type=int, default=12, help="questions about photographs (default 12)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.perf_counter()
    parts = [INTRODUCTION, scenes(options.scenes)]
    present = [name for name in NETWORKS if (options.data / f"{name}_imagenet.safetensors").is_file()]
    parts += [photographs(options.data, name, options.questions) for name in present if options.questions]
    minutes = (time.perf_counter() - began) / 60
    parts.append(f"Measured with torch {torch.__version__}, one thread of a CPU, in {minutes:.0f} minutes.\n")
    page = "\n".join(parts)
    print(page)
    if options.write:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
