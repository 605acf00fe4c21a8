"""A network to look into: a shadow of the user's model with addressed layers, preprocessing and predictions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import BadModel, BadPicture, ForwardFailed, NotDefined, NotFinite
from . import zoo
from .course import Course
from .device import choose_device
from .discovery import discover, selected
from .layers import layout_of
from .output import Choice, tensor_of
from .preprocessing import Preprocessing
from .shadow import Watch, compute_weights, follow, require_finite_weights, shadow, single_device, unwrap
from .taps import Run, Taps

# Tried in this order where neither transform nor input_size says what the network takes.
_COMMON_SIZES = (224, 32, 28, 64, 96, 128, 256, 299, 384, 512)


@dataclass(frozen=True)
class Prediction:
    """A class with its softmax probability in [0, 1] and its logit."""

    index: int
    label: str
    probability: float
    logit: float


class Network(Course):
    """A PyTorch vision network made ready to be looked into; the model given is never touched.

    Args:
        model: any eager `torch.nn.Module` that maps pictures (N, C, H, W) to a tensor.
        transform: PIL picture → CHW tensor, as the network was trained with. Without one, pictures are cropped to
            the input's proportions, resized, and scaled to [0, 1]; torchvision's own architectures get ImageNet's
            mean and std. What was assumed is in `notes`.
        labels: class names in the order of the logits.
        input_size: (height, width) or one number; measured from the transform, else found by trying common sizes.
        device: "auto" follows the model where it sits on an accelerator, else takes the best one there is.
        layers: names or glob patterns (`"layer4*"`) of the layers to show; all by default.
        output: which part of a tuple or dict output holds the logits: an index, a key, or a function.

    Raises:
        BadModel: scripted, on several devices or on one that is not here, not copyable, wrong output or transform.
        NotFinite: NaN or infinity among the weights. ForwardFailed: the model's own forward failed.
    """

    def __init__(
        self,
        model: nn.Module,
        transform: Callable[[Any], Any] | None = None,
        labels: Sequence[str] | None = None,
        input_size: int | tuple[int, int] | None = None,
        device: str | torch.device = "auto",
        layers: Iterable[str] | None = None,
        output: Choice = None,
    ) -> None:
        self.model = unwrap(model)
        self.name = type(self.model).__name__
        self.notes: list[str] = []
        self.lock = threading.RLock()
        self.revision = 0
        self.device = choose_device(device, single_device(self.model))
        self._output, self._patterns = output, None if layers is None else list(layers)
        self._watch = Watch(self.model)
        self._build_shadow()
        self._preprocessing = self._open(transform, _pair(input_size))
        self.labels = self._choose_labels(labels)

    @classmethod
    def torchvision(cls, name: str, weights: str | None = "DEFAULT", **options: Any) -> Network:
        """A classification network of torchvision with labels and preprocessing from the weights' meta data.

        `weights` is "DEFAULT", a name such as "IMAGENET1K_V1", or None for random weights. Raises `Offline` where
        the weights must be downloaded and cannot be, `UnknownName` with close matches for unknown names.
        """
        model, transform, labels = zoo.torchvision_parts(name, weights)
        net = cls(model, **{"transform": transform, "labels": labels, **options})
        net.name = name
        return net

    @classmethod
    def demo(cls, **options: Any) -> Network:
        """The small trained network shipped with nbviz; needs no download."""
        from .. import demo

        net = cls(demo.model(), transform=demo.transform, labels=demo.CLASSES, **options)
        net.name = "demo"
        return net

    def around(self, model: nn.Module, device: str | torch.device | None = None) -> Network:
        """The same preprocessing, labels and layers in front of another model of this architecture.

        The device is the same where none is given. Around its own model it is a second network with a lock and a
        shadow of its own, so that long work does not keep clicks waiting.
        """
        other = object.__new__(type(self))
        other.__setstate__({**self.__getstate__(), "model": unwrap(model), "notes": list(self.notes), "revision": 0})
        if device is not None:
            other.device = choose_device(device, None)
            other._build_shadow()
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what belongs to one process: the lock, the shadow and the watch over the model."""
        state = {key: value for key, value in vars(self).items() if key not in ("lock", "_watch", "_taps")}
        return {**state, "layers": dict(self.layers)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "layers": MappingProxyType(state["layers"])})
        self.lock = threading.RLock()
        self._watch = Watch(self.model)
        self._build_shadow()

    def __repr__(self) -> str:
        h, w = self.input_size
        return f"<Network {self.name}: {len(self.layers)} layers, input {self.in_channels}×{h}×{w}, {self.device}>"

    # -- the shadow ---------------------------------------------------------------------------------------------

    def _build_shadow(self) -> None:
        require_finite_weights(self.model)
        self._taps = Taps(shadow(self.model, self.device))

    def sync(self) -> int:
        """Follow changes of the user's weights; returns `revision`, which is higher after every change."""
        with self.lock:
            seen = self._watch.look()
            if seen != self._watch.known:
                self.revision += 1
                if seen.structure != self._watch.known.structure:
                    self._build_shadow()
                    self._discover(self.input_size)
                else:
                    follow(self._taps.twin, self.model)
                # What was seen before the work, so that a change during it is noticed the next time.
                self._watch.known = seen
            return self.revision

    def weight(self, layer: str) -> torch.Tensor | None:
        """The weight tensor that `layer` computes with, detached; None for a layer without one.

        Read off the shadow: where weights are parametrised, reading them on the model could change it.
        """
        name = self.layer(layer).name.partition("#")[0]
        with self.running(), torch.no_grad():
            module = self._taps.twin.get_submodule(name)
            compute_weights(module)
            weight = getattr(module, "weight", None)
        return weight.detach().clone() if isinstance(weight, torch.Tensor) else None

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of the weights."""
        return next((p.dtype for p in self.model.parameters() if p.is_floating_point()), torch.float32)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The state every forward pass needs: alone, current weights, outside of a surrounding inference mode."""
        with self.lock, torch.inference_mode(False):
            self.sync()
            yield

    def run(
        self, x: torch.Tensor, wanted: Iterable[str] | None, logits: bool = True
    ) -> tuple[Run, torch.Tensor | None]:
        """Raw outputs of the layers `wanted` (None: all) and the logits, with whatever autograd state is on."""
        names = None if wanted is None else {self.layer(name).name for name in wanted}
        with self.running():
            run, output = self._taps.forward(x, names, logits)
        return run, tensor_of(output, self._output) if logits else None

    def tap(self, x: torch.Tensor, layers: Iterable[str], logits: bool = False) -> dict[str, torch.Tensor]:
        """Maps (N, C, H, W) of `layers` for `x` in model space, differentiable in `x`.

        The network runs only as far as needed; with `logits` to the end, under the key `""`.
        """
        run, output = self.run(x, list(layers), logits)
        maps = {name: self.as_map(name, out, x) for name, out in run.outputs.items()}
        missing = set(layers) - set(maps)
        if missing:
            raise NotDefined(f"Layer {sorted(missing)[0]!r} was not computed for an input of {tuple(x.shape)}.")
        return maps if output is None else {**maps, "": output}

    def stream(self, x: torch.Tensor, layers: Iterable[str], on_map: Callable[[str, torch.Tensor], None]) -> None:
        """Show the maps (N, C, H, W) of `layers` to `on_map(name, map)` one after the other, as they are computed.

        None is kept, so that all layers of a batch fit where one does; each must be read at once, since the network
        may overwrite it. The network runs only as far as needed.
        """
        names = {self.layer(layer).name for layer in layers}
        with self.running():
            run, _ = self._taps.forward(
                x, names, logits=False, on_output=lambda name, out: on_map(name, self.as_map(name, out, x)), keep=False
            )
        if missing := names - set(run.kinds):
            raise NotDefined(f"Layer {sorted(missing)[0]!r} was not computed for an input of {tuple(x.shape)}.")

    def arranged(self, x: torch.Tensor) -> torch.Tensor:
        """`x` (N, C, H, W) as it lies best in memory: on a CPU channels last, where this network can read that.

        Convolutions on a CPU follow the input's layout and are mostly faster so; a network that calls `view` on a map
        cannot take it.
        """
        last = x.device.type == "cpu" and self._channels_last
        return x.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)

    def as_map(self, name: str, output: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """A raw output of layer `name` as (N, C, H, W); vectors as (N, C, 1, 1)."""
        layout = self.layer(name).layout
        if layout.kind == "tokens":  # the only reading that depends on the size of the input
            layout = layout_of(tuple(output.shape), (x.shape[-2], x.shape[-1])) or layout
        return layout.to_map(output)

    # -- layers -------------------------------------------------------------------------------------------------

    def _open(self, transform: Callable[[Any], Any] | None, size: tuple[int, int] | None) -> Preprocessing:
        """Find the channels of the input, where no convolution tells them, by trying colour and grey."""
        self.in_channels = _in_channels(self.model) or 3
        try:
            return self._choose_preprocessing(transform, size)
        except (BadModel, ForwardFailed) as failure:
            if _in_channels(self.model):
                raise
            self.in_channels = 1
            try:
                return self._choose_preprocessing(transform, size)
            except (BadModel, ForwardFailed):
                raise failure from None

    def _choose_preprocessing(
        self, transform: Callable[[Any], Any] | None, size: tuple[int, int] | None
    ) -> Preprocessing:
        imagenet = transform is None and self.in_channels == 3 and zoo.is_torchvision(self.model)
        if size is None and transform is not None and self.in_channels in (1, 3):
            measured = Preprocessing(transform, self.in_channels, None)
            size = measured.size if measured.resizes else None
        size = self._discover(size)
        if imagenet:
            transform = zoo.imagenet_transform(size)
            self.notes.append(f"No transform given: ImageNet's mean and std at {size[0]}×{size[1]} are assumed.")
        elif transform is None:
            self.notes.append(f"No transform given: pixels in [0, 1] at {size[0]}×{size[1]}, without mean and std.")
        return Preprocessing(transform, self.in_channels, size)

    def _discover(self, size: tuple[int, int] | None) -> tuple[int, int]:
        """Run once on noise to learn every layer's address and shape; returns the input size that worked."""
        if size:
            self._learn_layers(size)
            return size
        for side in _COMMON_SIZES:
            with suppress(ForwardFailed):
                self._learn_layers((side, side))
                return side, side
        try:
            self._learn_layers((_COMMON_SIZES[0], _COMMON_SIZES[0]))
        except ForwardFailed as failure:
            raise ForwardFailed(f"No common input size fits; say Network(model, input_size=…). {failure}") from failure
        raise AssertionError("unreachable: this size failed a moment ago")

    def _learn_layers(self, size: tuple[int, int]) -> None:
        noise = torch.randn(1, self.in_channels, *size, generator=torch.Generator().manual_seed(0))
        x = noise.to(self.device, self.dtype)
        try:
            found, output = discover(self._taps, x.contiguous(memory_format=torch.channels_last))
            self._channels_last = True
        except ForwardFailed:
            found, output = discover(self._taps, x)
            self._channels_last = False
        logits = tensor_of(output, self._output)
        self.classes = logits.shape[1] if logits.dim() == 2 else 0
        self._output_shape = tuple(logits.shape)
        self.layers = MappingProxyType(selected(found, self._patterns, self.name))

    def _choose_labels(self, labels: Sequence[str] | None) -> list[str] | None:
        if labels is None and self.classes == 1000 and zoo.is_torchvision(self.model):
            self.notes.append("No labels given: ImageNet's class names are assumed.")
            return zoo.imagenet_labels()
        if labels is not None and self.classes and len(labels) != self.classes:
            raise BadModel(
                f"{len(labels)} labels were given for {self.classes} classes; give one label a class, in order."
            )
        return None if labels is None else [str(label) for label in labels]

    # -- pictures -----------------------------------------------------------------------------------------------

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of the input."""
        return self._preprocessing.size

    def preprocess(self, image: Any) -> torch.Tensor:
        """A picture as (1, C, H, W) in model space on the network's device.

        `image` is a path, bytes, PIL picture, uint8 array (H, W, 3), float array or CHW tensor with pixels in
        [0, 1], or a tensor (1, C, H, W) that is in model space already. `BadPicture` says what is wrong with it.
        """
        x = self._as_input(image)
        # A picture read row by row, colour by colour, would otherwise hand its order on to the network's maps.
        return (self._preprocessing(image) if x is None else x).to(self.device, self.dtype).contiguous()

    def pixels(self, image: Any) -> torch.Tensor:
        """A picture in its own size, uncropped, as pixels (1, C, H, W) in [0, 1] on the network's device, float32.

        `image` is what `preprocess` takes. `BadPicture` says what is wrong with it.
        """
        x = self._as_input(image)
        pixels = self._preprocessing.pixels(image) if x is None else self.denormalise(x.float()).clamp(0, 1)
        return pixels.to(self.device)

    def _as_input(self, image: Any) -> torch.Tensor | None:
        """A tensor (1, C, H, W) in model space, checked and detached; None for anything else."""
        if not isinstance(image, torch.Tensor) or image.dim() != 4:
            return None
        if image.shape[0] != 1 or image.shape[1] != self.in_channels or not image.is_floating_point():
            raise BadPicture(
                f"A preprocessed picture has shape (1, {self.in_channels}, height, width), "
                f"not {tuple(image.shape)}; several pictures are given as a list."
            )
        if not bool(torch.isfinite(image).all()):
            raise BadPicture("The preprocessed picture has NaN or infinite values; give finite ones.")
        return image.detach()

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (N, C, H, W) in [0, 1] to model space, differentiable."""
        return self._preprocessing.normalise(pixels)

    def denormalise(self, x: torch.Tensor) -> torch.Tensor:
        """Model space (N, C, H, W) to pixels (0 black, 1 white, not clamped)."""
        return self._preprocessing.denormalise(x)

    def picture(self, x: torch.Tensor) -> NDArray[np.uint8]:
        """What the network sees of an input (1, C, H, W), uint8 (H, W, 3); other than 1 or 3 channels as their mean."""
        pixels = self.denormalise(x.detach())[0].float().cpu()
        if pixels.shape[0] not in (1, 3):
            pixels = pixels.mean(0, keepdim=True)
        rgb = pixels.clamp(0, 1).mul(255).round().to(torch.uint8).expand(3, -1, -1)
        return np.ascontiguousarray(rgb.permute(1, 2, 0).numpy())

    def predict(self, image: Any, k: int = 5) -> list[Prediction]:
        """The `k` most probable classes, best first."""
        self.class_index(0)
        with torch.no_grad():
            _, logits = self.run(self.preprocess(image), [])
        assert logits is not None
        return self.ranked(logits[0], k)

    def ranked(self, logits: torch.Tensor, k: int) -> list[Prediction]:
        """The `k` best classes of one picture's logits (classes,)."""
        values = logits.detach().float().cpu()
        if not bool(torch.isfinite(values).all()):
            raise NotFinite(f"The logits of {self.name} are NaN or infinite for this picture.")
        probabilities = values.softmax(0)
        order = values.argsort(descending=True, stable=True)[:k].tolist()
        return [Prediction(i, self.label(i), probabilities[i].item(), values[i].item()) for i in order]


def _in_channels(model: nn.Module) -> int | None:
    """The channels of the input, read off the first convolution; None where there is none."""
    for module in model.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            return module.in_channels
    return None


def _pair(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    return (size, size) if isinstance(size, int) else None if size is None else (int(size[0]), int(size[1]))
