"""What an atlas answers with: patches, statistics, histograms; values that show themselves."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .. import images
from ..errors import BadRequest, NbvizError
from ..receptive_field import Box

SIDE, COLUMNS = 96, 5
"""Of the patches of a unit as HTML: pixels of each, about, and how many lie in a row."""
MOST_CHARACTERS = 180_000
"""Of their pictures together: an output of a notebook stays below 200 KB."""


@dataclass(frozen=True, eq=False)
class Patch:
    """The part of a picture that a unit saw when it answered.

    Attributes:
        score: the activation, the largest of the channel in this picture.
        picture: the picture's number in the data set; `Atlas.picture(number)` gives it. name: its path or name.
        label: its class, None where the data set has none.
        box: (y0, x0, y1, x1), end exclusive, on the picture as the network sees it: the unit's exact receptive field,
            cut at the border. position: (row, column) in the layer's map.
        rank: 0 for the strongest; None where it is an example of a histogram's bin.
    """

    score: float
    picture: int
    name: str
    label: str | None
    box: Box
    position: tuple[int, int]
    rank: int | None = None
    _load: Callable[[], Image.Image | None] = field(repr=False, kw_only=True)

    @cached_property
    def image(self) -> Image.Image | None:
        """The pixels, reduced where the box is large; None for a unit that sees nothing but padding.

        Those of finished atlases are stored; others are cut out of the data set's picture, for which the atlas needs
        its network: `BadDataset` says so where it has none, or where the picture cannot be read any more.
        """
        return self._load()

    @property
    def caption(self) -> str:
        """Score, class, name and place in one line."""
        place = f"at {self.position[0]},{self.position[1]}"
        return " · ".join([f"{self.score:.4g}", *([self.label] if self.label else []), self.name, place])

    @property
    def brief(self) -> str:
        """Rank, score and class."""
        rank = [] if self.rank is None else [f"#{self.rank + 1}"]
        return " · ".join([*rank, f"{self.score:.4g}", *([self.label] if self.label else [])])

    def _repr_png_(self) -> bytes | None:
        return None if self.image is None else _png(self.image)


class Patches(list[Patch]):
    """Patches side by side, strongest first."""

    def __repr__(self) -> str:
        return f"Patches([{', '.join(f'{patch.name}: {patch.score:.4g}' for patch in self)}])"

    def sheet(self, side: int = 112, columns: int = 9, gap: int = 2) -> Image.Image:
        """One picture of them all, each fitted into a square of `side` pixels."""
        rows = max(1, -(-len(self) // columns))
        columns = max(1, min(columns, len(self)))
        sheet = Image.new("RGB", (columns * (side + gap) - gap, rows * (side + gap) - gap), "white")
        for i, patch in enumerate(self):
            if patch.image is not None:
                factor = side / max(patch.image.size)
                size = tuple(max(1, round(v * factor)) for v in patch.image.size)
                smooth = Image.Resampling.NEAREST if factor >= 2 else Image.Resampling.BICUBIC
                fitted = patch.image.resize((size[0], size[1]), smooth)
                sheet.paste(fitted, (i % columns * (side + gap), i // columns * (side + gap)))
        return sheet

    def _repr_png_(self) -> bytes:
        return _png(self.sheet())

    def table(self, most: int = MOST_CHARACTERS) -> str:
        """HTML without styles, which hosts of notebooks would take away; pictures of `most` characters together."""
        share = most // max(1, len(self))
        cells = [_cell(patch, share) for patch in self]
        rows = ("".join(cells[i : i + COLUMNS]) for i in range(0, len(cells), COLUMNS))
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"

    def _repr_html_(self) -> str:
        return self.table()


def _cell(patch: Patch, most: int) -> str:
    """A patch with its rank, score and class below; a picture that is not there any more hides nothing else."""
    try:
        seen = patch.image
        picture = "nothing to see" if seen is None else images.embed(seen, _alternative(patch), most, SIDE)
    except NbvizError as error:
        picture = html.escape(str(error))
    shown = f'<div align="center">{picture}<br><small>{html.escape(patch.brief)}</small></div>'
    return f'<td align="center" valign="bottom">{shown}</td>'


def _alternative(patch: Patch) -> str:
    return patch.caption if patch.rank is None else f"Rank {patch.rank + 1}, activation {patch.caption}"


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class Histogram(NamedTuple):
    """How the maxima of a channel are spread over the pictures.

    edges: (B + 1,) in the layer's own units, ascending. counts: (B,) pictures whose maximum lies in each bin.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]

    def quantile(self, q: float) -> float:
        """The value below which a share `q` in 0..1 of the pictures lies, linear inside of a bin; NaN without any."""
        if not 0 <= q <= 1:
            raise BadRequest(f"A quantile is a share from 0 to 1, not {q!r}.")
        if not self.counts.any():
            return float("nan")
        below = np.concatenate([[0], np.cumsum(self.counts)])
        wanted = q * below[-1]
        # The bin that the wanted picture lies in, never an empty one: those end where they begin.
        number = int(np.clip(np.searchsorted(below, wanted, side="left") - 1, 0, len(self.counts) - 1))
        if q == 0:
            number = int(np.argmax(self.counts > 0))
        share = (wanted - below[number]) / max(self.counts[number], 1)
        return float(self.edges[number] + share * (self.edges[number + 1] - self.edges[number]))

    def bin_of(self, value: float) -> int:
        """The bin that a value lies in; beyond the ends the first or the last."""
        return int(np.clip(np.searchsorted(self.edges[1:-1], value, side="right"), 0, len(self.counts) - 1))


class Classes(NamedTuple):
    """The classes of a unit's strongest patches.

    counts: patches by class, most first; patches without a class are left out. purity: the share of the first among
    those with a class, None where there are none.
    """

    counts: Mapping[str, int]
    purity: float | None


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is known of a layer's channels over `count` pictures; arrays of (C,) in the layer's own units.

    Attributes:
        mean: over all positions and pictures. high, low: the largest and the smallest maximum in a picture.
        fired: the share of pictures in which the channel is above zero anywhere, 0..1.
        histograms: of the maxima, one a channel.
    """

    layer: str
    count: int
    mean: NDArray[np.float64]
    high: NDArray[np.float32]
    low: NDArray[np.float32]
    fired: NDArray[np.float64]
    histograms: tuple[Histogram, ...] = field(repr=False)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(C,) channels that no picture brings above zero: nothing of them passes a rectifier that follows directly."""
        dead: NDArray[np.bool_] = self.fired == 0
        return dead

    @property
    def dead_fraction(self) -> float:
        """The share of dead channels, 0..1."""
        return float(self.dead.mean())

    def quantile(self, q: float) -> NDArray[np.float64]:
        """(C,) the value below which a share `q` of the maxima lies, to within a bin of the histogram."""
        return np.array([histogram.quantile(q) for histogram in self.histograms])

    def __repr__(self) -> str:
        return (
            f"Statistics({self.layer}: {len(self.mean)} channels over {self.count:,} pictures, "
            f"{self.dead_fraction:.1%} dead)"
        )

    def _repr_html_(self) -> str:
        order = np.argsort(-self.high, kind="stable")[:10]
        rows = "".join(
            f"<tr><td>{i}</td><td>{self.mean[i]:.4g}</td><td>{self.high[i]:.4g}</td><td>{self.fired[i]:.1%}</td></tr>"
            for i in order
        )
        return (
            f"<p><b>{html.escape(self.layer)}</b> · {len(self.mean)} channels over {self.count:,} pictures · "
            f"{self.dead_fraction:.1%} dead · the ten strongest:</p>"
            f"<table><tr><th>channel</th><th>mean</th><th>max</th><th>fires in</th></tr>{rows}</table>"
        )


def histogram_of(row: Mapping[str, Any]) -> Histogram:
    """The histogram of a channel's row: its open ends reach to the smallest and the largest maximum."""
    edges = np.linspace(float(row["edge_low"]), float(row["edge_high"]), len(row["histogram"]) + 1)
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        edges[0], edges[-1] = min(edges[0], float(row["low"])), max(edges[-1], float(row["high"]))
    return Histogram(edges, np.asarray(row["histogram"]))
