"""Deep dream: what a layer, a unit or another picture brings out in a picture that is already there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..address import Target
from ..errors import BadRequest, ForwardFailed, NotDefined, NotFinite, OutOfRange
from .aims import Guided, aim_of
from .goals import Whole
from .objectives import Objective
from .optimise import REDIRECTED_STEPS, Step, to_bytes
from .result import Synthesis, as_code
from .tiles import LEAST_TILE, TILE, Grid, gradient, measure

if TYPE_CHECKING:
    from ..network import Network

OCTAVES = 4
OCTAVE_SCALE = 1.4
STEPS = 10
STRENGTH = 1.5
JITTER = 16
FRAMES = 8
FRAME_PIXELS = 512
"""Longest side of the pictures on the way that are kept."""


@dataclass(frozen=True, eq=False, repr=False)
class Dream(Synthesis):
    """A person's picture, changed; `value` is the aim's on it, `before` the aim's on the picture as it was."""

    before: float

    def _about(self) -> str:
        return f"Dream of {self.objective}"

    def _figures(self) -> str:
        return f"objective {self.before:.3g} → {self.value:.3g}"


@dataclass(frozen=True)
class _Settings:
    """The numbers of a dream, checked."""

    octaves: int
    octave_scale: float
    steps: int
    strength: float
    jitter: int
    tile: int
    size: int | None
    seed: int

    def __post_init__(self) -> None:
        counts = {"octaves": (self.octaves, 1), "steps": (self.steps, 1), "jitter": (self.jitter, 0),
                  "tile": (self.tile, LEAST_TILE), "seed": (self.seed, 0), "size": (self.size or 8, 8)}  # fmt: skip
        for name, (value, least) in counts.items():
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
                raise BadRequest(f"{name}={value!r}: give a whole number of at least {least}.")
        for name, number, least in (("octave_scale", self.octave_scale, 1), ("strength", self.strength, 0)):
            if not isinstance(number, (int, float)) or not least < number < math.inf:
                raise BadRequest(f"{name}={number!r}: give a number above {least}.")


@torch.inference_mode(False)
@torch.enable_grad()
def deep_dream(
    net: Network,
    image: Any,
    layer_or_objective: Target | str | int,
    guide: Any = None,
    octaves: int = OCTAVES,
    octave_scale: float = OCTAVE_SCALE,
    steps: int = STEPS,
    strength: float = STRENGTH,
    jitter: int = JITTER,
    tile: int = TILE,
    size: int | None = None,
    seed: int = 0,
    on_step: Callable[[Step], None] | None = None,
) -> Dream:
    """Change a picture towards more of what a layer sees in it, from coarse to fine, in the picture's own size.

    image: whatever `net.preprocess` takes; neither cropped nor resized, unless `size` bounds its longer side (pixels).
    layer_or_objective: the name of a layer (the mean of A² over it grows), or a unit, a class, or a weighted sum, as
        for `visualize`.
    guide: another picture: the layer is driven towards what it computes of that, place by place (maxⱼ ⟨aᵢ, gⱼ⟩).
    octaves, octave_scale: sizes that are gone through, each `octave_scale` times the one before; those too small for
        the network are left out. steps: of each octave.
    strength: how far a step moves a pixel on average, in grey levels of 255: pixels + strength/255 · g / mean|g|.
    jitter: the picture is shifted by up to so many pixels before each step, so that no grid of strides shows.
    tile: pictures with a longer side are computed in overlapping tiles of this side, in the memory of one tile.
    on_step: called with a `Step` after each step; an exception from it ends the run and passes through.

    The result has the picture's size and stays within its range, 0 … 255; its `value` is the mean over tiles where
    there are several, its `trace` has one value a step over all octaves.
    Raises `BadRequest` for parameters that do not fit, `BadPicture`, `UnknownName`, `OutOfRange`, `NotDefined` where no
    gradient reaches the picture, `NotFinite` where numbers overflow, `OutOfMemory` where not even small tiles fit.
    Mordvintsev, Olah, Tyka 2015.
    """
    settings = _Settings(octaves, octave_scale, steps, strength, jitter, tile, size, seed)
    aim = aim_of(net, layer_or_objective, guide)
    start = net.pixels(image)
    start = resized(start, bounded((start.shape[-2], start.shape[-1]), size))
    grid, sizes = _plan(net, aim, start, settings)
    frames: list[Image.Image] = []
    total = len(sizes) * steps
    kept = {round(total * k / FRAMES) for k in range(1, FRAMES + 1)}
    trace = torch.zeros(total, device=start.device)
    dreamed, alive = start, torch.zeros((), dtype=torch.bool, device=start.device)
    for i, (value, way, dreamed) in enumerate(_climb(net, aim, start, sizes, grid, settings)):
        trace[i] = value
        alive |= way.any()
        step = Step(i + 1, total, value, dreamed)
        if i + 1 in kept:
            frames.append(_thumbnail(step))
        if (i + 1) % steps == 0:
            _require_response(aim, bool(alive), trace[: i + 1])
        if on_step:
            on_step(step)
    shown = dreamed.mul(255).round().div(255)
    reached, activation = measure(net, aim, shown, grid)
    return Dream(
        image=Image.fromarray(to_bytes(shown)),
        objective=aim.target,
        value=reached,
        activation=activation,
        natural_ratio=None,
        trace=[float(v) for v in trace.cpu()],
        frames=tuple(frames),
        steps=total,
        seed=seed,
        code=_code(aim.target, settings),
        before=measure(net, aim, start, grid)[0],
    )


def octave_sizes(size: tuple[int, int], octaves: int, scale: float) -> list[tuple[int, int]]:
    """(height, width) of each octave, the smallest first; the last is `size` itself."""
    factors = [scale**-k for k in reversed(range(octaves))]
    sizes = [(max(1, round(size[0] * f)), max(1, round(size[1] * f))) for f in factors]
    return list(dict.fromkeys(sizes))


def bounded(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """`size` itself, or in proportion with its longer side as long as `longest` where that is shorter."""
    factor = min(1.0, (longest or max(size)) / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _climb(
    net: Network, aim: Objective, start: Tensor, sizes: list[tuple[int, int]], grid: Grid, settings: _Settings
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(value, gradient, picture after the step) of every step; what an octave adds is carried to the next, larger."""
    generator = torch.Generator().manual_seed(settings.seed)
    detail: Tensor | None = None
    done = 0
    for size in sizes:
        base = resized(start, size)
        dreamed = base if detail is None else (base + resized(detail, size)).clamp(0, 1)
        for _ in range(settings.steps):
            shaken, place = _shaken(dreamed, settings.jitter, generator)
            value, way = gradient(net, aim, shaken, grid, generator, done < REDIRECTED_STEPS)
            way = way[place]
            unit = way / way.abs().mean().clamp_min(torch.finfo(way.dtype).tiny)
            dreamed = (dreamed + settings.strength / 255 * unit).clamp(0, 1)
            done += 1
            yield value, way, dreamed
        detail = dreamed - base


def _shaken(pixels: Tensor, jitter: int, generator: torch.Generator) -> tuple[Tensor, tuple[Any, ...]]:
    """The picture (1, C, H, W) somewhere in a mirrored border of `jitter` pixels, and the place where it lies."""
    height, width = pixels.shape[-2:]
    reach = min(jitter, (min(height, width) - 1) // 4)
    top, left = (int(torch.randint(0, reach + 1, (), generator=generator)) for _ in range(2))
    shaken = F.pad(pixels, (left, reach - left, top, reach - top), mode="reflect")
    return shaken, (..., slice(top, top + height), slice(left, left + width))


def _plan(net: Network, aim: Objective, start: Tensor, settings: _Settings) -> tuple[Grid, list[tuple[int, int]]]:
    """How to cut pictures into tiles, and the octaves that this network can read.

    A network that reads one size only, such as a vision transformer, gets tiles of exactly that.
    """
    size = (start.shape[-2], start.shape[-1])
    sizes = octave_sizes(size, settings.octaves, settings.octave_scale)
    plain = Grid((settings.tile, settings.tile))
    fitting = [s for s in sizes if _passes(net, aim, (min(s[0], settings.tile), min(s[1], settings.tile)))]
    if size in fitting:
        return plain, fitting
    own = net.input_size
    if size[0] >= own[0] and size[1] >= own[1] and _passes(net, aim, own):
        return Grid(own, 1), [s for s in sizes if s[0] >= own[0] and s[1] >= own[1]]
    raise BadRequest(
        f"The picture of {size[0]}×{size[1]} pixels is too small for {net.name}, which reads {own[0]}×{own[1]}; "
        f"enlarge it to at least that."
    )


@torch.no_grad()
def _passes(net: Network, aim: Objective, size: tuple[int, int]) -> bool:
    """Whether pictures of this size get as far as the aim."""
    grey = torch.full((1, net.in_channels, *size), 0.5, device=net.device)
    try:
        aim.value(aim.tap(net, net.normalise(grey).to(net.dtype)))
    except (ForwardFailed, OutOfRange):
        return False
    return True


def _require_response(aim: Objective, alive: bool, trace: Tensor) -> None:
    if not bool(torch.isfinite(trace).all()):
        first = int((~torch.isfinite(trace)).nonzero()[0])
        raise NotFinite(f"'{aim.target}' became {float(trace[first])} at step {first + 1}; try a lower strength.")
    if not alive:
        raise NotDefined(
            f"'{aim.target}' stays silent: over {len(trace)} steps no change of the picture moved it from "
            f"{float(trace[-1]):g}; choose another unit, or the layer before the rectifier."
        )


def resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures (N, C, H, W) bilinearly at another (height, width), averaged where that is smaller."""
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    return F.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)


def _thumbnail(step: Step) -> Image.Image:
    picture = Image.fromarray(step.picture())
    picture.thumbnail((FRAME_PIXELS, FRAME_PIXELS))
    return picture


def _code(target: Target, settings: _Settings) -> str:
    """The call that makes this picture again; what a later version may change by default is written out."""
    aim = repr(target.layer) if isinstance(target, (Whole, Guided)) else as_code(target)
    guide = ", guide=guide" if isinstance(target, Guided) else ""
    options = ", ".join(f"{name}={value!r}" for name, value in vars(settings).items() if value is not None)
    return f"nbviz.deep_dream(net, image, {aim}{guide}, {options})"
