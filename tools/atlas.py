"""The picture of docs/atlas.md: the nine strongest patches of some of the demo's units, each with its projection.

python -m tools.atlas
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

import nbviz

UNITS = ("layer1:5", "layer2:20", "layer3:12", "layer4:12", "layer4:24")
SIDE, TITLE = 96, 18
OUT = Path(__file__).resolve().parent.parent / "docs" / "atlas.png"


def main() -> None:
    net = nbviz.Network.demo(device="cpu")
    scenes = nbviz.demo.scenes(1200, seed=0)
    pairs = [(picture, int(labels[0])) for picture, labels in zip(scenes.pictures, scenes.labels, strict=True)]
    layers = sorted({unit.partition(":")[0] for unit in UNITS})
    with tempfile.TemporaryDirectory() as folder:
        atlas = nbviz.scan(net, pairs, Path(folder) / "atlas", layers=layers)
        atlas.add("deconvnet", layers=layers)
        rows = [_row(atlas, unit) for unit in UNITS]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    sheet.quantize(256).save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1024:.0f} KB")


def _row(atlas: nbviz.Atlas, unit: str) -> Image.Image:
    """A unit's patches above their projections, with a title."""
    patches = atlas.top(unit)
    above = patches.sheet(SIDE)
    row = Image.new("RGB", (above.width, TITLE + 2 * (above.height + 2) + 6), "white")
    found = atlas.classes(unit)
    best = next(iter(found.counts))
    title = f"{unit}   up to {patches[0].score:.3g}   {found.counts[best]} of {len(patches)} from '{best}'"
    ImageDraw.Draw(row).text((2, 4), title, fill="black")
    row.paste(above, (0, TITLE))
    for place, projection in enumerate(atlas.projections(unit)):
        if projection.image is not None:
            factor = SIDE / max(projection.image.size)
            size = tuple(max(1, round(v * factor)) for v in projection.image.size)
            row.paste(projection.image.resize((size[0], size[1])), (place * (SIDE + 2), TITLE + above.height + 2))
    return row


if __name__ == "__main__":
    main()
