"""Receptive fields against what a gradient reaches in a linearised network with positive weights."""

from __future__ import annotations

import copy
import gc
import itertools
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nbviz.errors import OutOfRange
from nbviz.receptive_field import Propagation, ReceptiveField

IDENTITIES = {
    *("relu", "relu_", "relu6", "hardtanh", "hardtanh_", "hardswish", "hardswish_", "silu", "gelu", "sigmoid"),
    *("hardsigmoid", "hardsigmoid_", "batch_norm", "layer_norm", "group_norm", "instance_norm"),
}


class Linearised(TorchFunctionMode):
    """The oracle: activations and norms become identities, max-pooling a sum; gates may be cut off the gradient."""

    def __init__(self, cut_gates: bool) -> None:
        super().__init__()
        self.cut_gates = cut_gates

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in IDENTITIES:
            return args[0] if args else kwargs["input"]
        if name in ("max_pool2d", "adaptive_max_pool2d"):
            return summed_pool(func, args, kwargs)
        if self.cut_gates and name in ("mul", "__mul__"):
            args = tuple(cut(a) for a in args)
        return func(*args, **kwargs)


def cut(factor: Any) -> Any:
    """A factor that is one number a map, without its gradient."""
    return factor.detach() if isinstance(factor, Tensor) and tuple(factor.shape[2:]) == (1, 1) else factor


def summed_pool(pool: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What max-pooling could choose from, by its own choices: the sum of the input over its windows.

    Each row, then each column, is raised above all others; it belongs to the windows that then return it.
    """
    x = args[0]
    height, width = x.shape[-2:]

    def chosen(raised: Tensor) -> Tensor:
        return (pool(raised[:, None], *args[1:], **kwargs)[:, 0] > 0.5).to(x.dtype)

    rows = chosen(torch.eye(height)[:, :, None].expand(-1, -1, width))[:, :, 0]
    columns = chosen(torch.eye(width)[:, None, :].expand(-1, height, -1))[:, 0, :]
    return torch.einsum("nchw,hy,wx->ncyx", x, rows, columns)


def positive(model: nn.Module) -> nn.Module:
    """A float64 copy in which every weight is positive and every bias zero, so that nothing cancels."""
    model = copy.deepcopy(model).double().eval()
    for parameter in model.parameters():
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
        parameter.data.fill_(1 / max(1, fan_in) if parameter.ndim > 1 else 0)
        parameter.requires_grad_(False)
    for name, parameter in model.named_parameters():
        if "layer_scale" in name:
            parameter.data.fill_(1)
    return model


def outputs_of(model: nn.Module, names: Iterable[str], x: Tensor, note: Callable[[Tensor], Any]) -> dict[str, Any]:
    """What `note` says about the output of each named module, asked inside its forward hook."""
    found: dict[str, Any] = {}
    handles = []
    for name in names:
        hook: Any = lambda module, args, out, name=name: found.__setitem__(name, note(out))  # noqa: E731
        handles.append(model.get_submodule(name).register_forward_hook(hook))
    model(x)
    for handle in handles:
        handle.remove()
    return found


def reached(unit: Tensor, x: Tensor) -> tuple[int, int, int, int]:
    """The box in which the gradient is not zero."""
    (gradient,) = torch.autograd.grad(unit, x, retain_graph=True, allow_unused=True)
    if gradient is None or not gradient.any():
        return (0, 0, 0, 0)
    marks = gradient[0].abs().sum(0)
    rows, columns = marks.sum(1).nonzero()[:, 0], marks.sum(0).nonzero()[:, 0]
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def check(model: nn.Module, size: tuple[int, int], names: Sequence[str], places: int, gated: bool = False) -> None:
    """Boxes of `places` units of each named module, near and (where gated) strict, against the oracle."""
    x = torch.randn(1, 3, *size)
    with torch.no_grad(), Propagation(x) as propagation:
        fields = outputs_of(model.eval(), names, x, propagation.field)
    assert propagation.unknown == set()
    linear = positive(model)
    generator = torch.Generator().manual_seed(0)
    for strict in (False, True) if gated else (False,):
        ones = torch.ones(1, 3, *size, dtype=torch.float64, requires_grad=True)
        with Linearised(cut_gates=not strict):
            outputs = outputs_of(linear, names, ones, lambda out: out)
        for name in names:
            field, out = fields[name], outputs[name]
            assert field.exact
            assert field.grid == tuple(out.shape[-2:]), name
            for y, x_ in units(field.grid, places, generator):
                assert field.box(y, x_, strict=strict) == reached(out[0, :, y, x_].sum(), ones), (name, y, x_, strict)


def units(grid: tuple[int, int], n: int, generator: torch.Generator) -> list[tuple[int, int]]:
    """All units of a small map, else the first, the last and some between."""
    everywhere = list(itertools.product(range(grid[0]), range(grid[1])))
    if len(everywhere) <= n:
        return everywhere
    chosen = torch.randperm(len(everywhere), generator=generator)[: n - 2].tolist()
    return [everywhere[0], everywhere[-1], *(everywhere[i] for i in chosen)]


def convolutions(model: nn.Module, n: int) -> list[str]:
    """`n` convolutions spread evenly over the depth, outside the gates."""
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and "fc1" not in name and "fc2" not in name and "aux" not in name
    ]
    return [names[round(i * (len(names) - 1) / (n - 1))] for i in range(n)]


NETWORKS: list[tuple[str, tuple[int, int], bool]] = [
    ("resnet18", (128, 96), False),
    ("vgg11", (96, 96), False),
    ("squeezenet1_1", (127, 96), False),
    ("googlenet", (96, 128), False),
    ("densenet121", (96, 96), False),
    ("mobilenet_v2", (128, 128), False),
    ("mobilenet_v3_small", (128, 128), True),
    ("convnext_tiny", (128, 96), False),
    ("shufflenet_v2_x0_5", (128, 128), False),
]


def test_the_boxes_of_all_units_are_those_of_each() -> None:
    x = torch.randn(1, 3, 20, 17)
    with torch.no_grad(), Propagation(x) as propagation:
        found = propagation.field(F.conv2d(F.pad(x, (4, 4, 4, 4)), torch.ones(1, 3, 3, 3), stride=2))
    assert found is not None
    boxes = found.boxes()
    assert boxes.shape == (*found.grid, 4)
    assert (boxes == 0).all(-1).any()  # units that see padding alone
    for y, x_ in itertools.product(range(found.grid[0]), range(found.grid[1])):
        assert tuple(boxes[y, x_]) == found.box(y, x_)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "gated"), NETWORKS, ids=[row[0] for row in NETWORKS])
def test_the_boxes_of_real_architectures_are_what_a_gradient_reaches(
    name: str, size: tuple[int, int], gated: bool
) -> None:
    extra = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):  # no weight matters here, and initialising them takes longer than the test
        model = getattr(torchvision.models, name)(weights=None, **extra)
    model = (model.features if name == "vgg11" else model).to_empty(device="cpu")
    check(model, size, convolutions(model, 6), 3, gated)


OTHER_FAMILIES: list[tuple[str, tuple[int, int], bool]] = [
    ("alexnet", (96, 96), False),
    ("efficientnet_b0", (96, 128), True),
    ("efficientnet_v2_s", (64, 64), True),
    ("inception_v3", (99, 99), False),
    ("maxvit_t", (224, 224), True),
    ("mnasnet0_5", (96, 96), False),
    ("regnet_x_400mf", (96, 96), False),
    ("regnet_y_400mf", (96, 96), True),
    ("resnext50_32x4d", (64, 64), False),
    ("swin_t", (96, 96), False),
    ("swin_v2_t", (96, 96), False),
    ("vit_b_32", (224, 224), False),
    ("wide_resnet50_2", (64, 64), False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "gated"), OTHER_FAMILIES, ids=[row[0] for row in OTHER_FAMILIES])
def test_so_are_those_of_the_other_families_of_torchvision(name: str, size: tuple[int, int], gated: bool) -> None:
    extra = {"aux_logits": False, "init_weights": False} if name == "inception_v3" else {}
    model = getattr(torchvision.models, name)(weights=None, **extra)
    check(model, size, convolutions(model, 4), 3, gated)


class Hand(nn.Module):
    """A small network written as functions; `last` only marks where the result is."""

    def __init__(self, forward: Callable[[Tensor, Callable[..., Tensor]], Tensor]) -> None:
        super().__init__()
        self.body = forward
        self.last = nn.Identity()
        self.weights = nn.ParameterDict()

    def forward(self, x: Tensor) -> Tensor:
        calls = itertools.count()

        def conv(x: Tensor, n_out: int, *kernel: int, **options: Any) -> Tensor:
            key = str(next(calls))
            if key not in self.weights:
                groups = options.get("groups", 1)
                self.weights[key] = nn.Parameter(torch.rand(n_out, x.shape[1] // groups, *kernel) + 0.1)
            return F.conv2d(x, self.weights[key].to(x.dtype), **options)

        out: Tensor = self.last(self.body(x, conv))
        return out


def split_and_join(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    """Two halves of the channels see differently, also after a shuffle and a grouped convolution."""
    left, right = torch.cat([conv(x, 2, 1, 1), conv(x, 2, 5, 5, padding=2)], 1).chunk(2, 1)
    joined = torch.cat([left, conv(right, 2, 3, 3, padding=1)], 1)
    return conv(F.channel_shuffle(joined, 2), 4, 3, 3, groups=2, padding=1)[:, :1]


def groups(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    """A grouped convolution does not mix what its groups see."""
    both = torch.cat([conv(x, 2, 1, 1), conv(x, 2, 5, 5, padding=2)], 1)
    return conv(both, 4, 3, 3, groups=2, padding=1)[:, :2]


def in_place(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    y = conv(x, 3, 3, 3, padding=1)
    F.relu(y, inplace=True)
    y += conv(y.clone(), 3, 1, 5, padding=(0, 2))
    y.relu_().mul_(2).add_(1)
    return y


def assignment(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    y = conv(x, 3, 3, 3, padding=1).clone()
    y[:, :, 2:5] = conv(x, 3, 5, 5, padding=2)[:, :, 2:5]
    y[..., :3] = 1
    return y


def tokens(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    """Patches as a row of tokens and back, with a linear mixture of their channels."""
    patches = conv(x, 4, 4, 4, stride=4)
    n, c, h, w = patches.shape
    row = patches.flatten(2).transpose(1, 2)
    row = F.linear(row, torch.ones(c, c, dtype=x.dtype)).permute(0, 2, 1)
    return row.reshape(n, c, h, w)


def windows(x: Tensor, conv: Callable[..., Tensor]) -> Tensor:
    """Products of tokens inside shifted windows, as in Swin."""
    y = torch.roll(conv(x, 2, 2, 2, stride=2), (-1, -1), (2, 3))
    n, c, h, w = y.shape
    y = y.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, c)
    y = torch.ones(4, 4, dtype=x.dtype) @ y
    y = y.view(n, h // 2, w // 2, 2, 2, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)
    return torch.roll(y, (1, 1), (2, 3))


HAND: dict[str, tuple[tuple[int, int], Callable[[Tensor, Callable[..., Tensor]], Tensor]]] = {
    "dilated": ((17, 19), lambda x, conv: conv(conv(x, 2, 3, 3, dilation=2, padding=2), 2, 3, 3, dilation=(3, 1))),
    "asymmetric": ((16, 15), lambda x, conv: conv(conv(x, 2, 1, 5, padding=(0, 1)), 2, 3, 1, stride=(2, 1))),
    "same padding, even kernel": ((12, 13), lambda x, conv: conv(x, 2, 4, 2, padding="same")),
    "wide padding": ((7, 7), lambda x, conv: conv(conv(x, 2, 3, 3, padding=4), 2, 2, 2, stride=2)),
    "overlapping pool": ((15, 18), lambda x, conv: F.max_pool2d(conv(x, 2, 3, 3), 3, 2, 1)),
    "ceil mode": ((14, 17), lambda x, conv: F.max_pool2d(conv(x, 2, 3, 3), 3, 2, ceil_mode=True)),
    "dilated pool": ((16, 16), lambda x, conv: F.max_pool2d(conv(x, 2, 3, 3), 3, 1, 1, 2)),
    "average pool, ceil mode": ((14, 17), lambda x, conv: F.avg_pool2d(x, 3, 2, 1, True)),
    "adaptive pool": ((17, 13), lambda x, conv: F.adaptive_avg_pool2d(conv(x, 2, 3, 3), (5, 4))),
    "adaptive maximum": ((11, 12), lambda x, conv: F.adaptive_max_pool2d(conv(x, 2, 3, 3), 4)),
    "global mean": ((9, 9), lambda x, conv: conv(x, 2, 3, 3, stride=2).mean((2, 3), keepdim=True)),
    "row mean": ((9, 8), lambda x, conv: conv(x, 2, 3, 3).mean(2, keepdim=True)),
    "nearest": ((8, 9), lambda x, conv: F.interpolate(conv(x, 2, 3, 3), scale_factor=1.7)),
    "nearest-exact": ((8, 9), lambda x, conv: F.interpolate(conv(x, 2, 3, 3), (11, 5), mode="nearest-exact")),
    "bilinear": ((8, 9), lambda x, conv: F.interpolate(conv(x, 2, 3, 3), scale_factor=2, mode="bilinear")),
    "bilinear, smaller": ((12, 9), lambda x, conv: F.interpolate(x, (5, 6), mode="bilinear")),
    "corners aligned": ((8, 9), lambda x, conv: F.interpolate(x, (15, 7), mode="bilinear", align_corners=True)),
    "bicubic": ((9, 9), lambda x, conv: F.interpolate(x, (13, 18), mode="bicubic")),
    "area": ((9, 10), lambda x, conv: F.interpolate(x, (4, 5), mode="area")),
    "zero pad": ((8, 8), lambda x, conv: conv(F.pad(x, (2, 0, 1, 3)), 2, 3, 3)),
    "reflected pad": ((8, 9), lambda x, conv: conv(F.pad(x, (3, 3, 2, 2), mode="reflect"), 2, 3, 3)),
    "circular pad": ((8, 9), lambda x, conv: conv(F.pad(x, (1, 1, 1, 1), mode="circular"), 2, 3, 3)),
    "replicated pad": ((8, 9), lambda x, conv: conv(F.pad(x, (2, 1, 1, 2), mode="replicate"), 2, 3, 3)),
    "transposed convolution": (
        (7, 8),
        lambda x, conv: F.conv_transpose2d(x, torch.ones(3, 2, 3, 4, dtype=x.dtype), None, (2, 3), (1, 0), (1, 0)),
    ),
    "depth to space": ((8, 8), lambda x, conv: F.pixel_shuffle(conv(x, 4, 3, 3), 2)),
    "space to depth": ((8, 10), lambda x, conv: conv(F.pixel_unshuffle(x, 2), 2, 1, 1)),
    "strided slices": ((9, 10), lambda x, conv: conv(x[:, :, 1::2, ::3] + x[:, :, :-1:2, ::3], 2, 2, 2)),
    "flipped": ((8, 9), lambda x, conv: conv(x, 2, 3, 2).flip(3)),
    "branches": ((12, 12), lambda x, conv: conv(x, 2, 1, 1) + conv(x, 2, 5, 3, padding=(2, 1))),
    "einsum": ((6, 5), lambda x, conv: torch.einsum("nchw,hk->nckw", x, torch.ones(6, 2, dtype=x.dtype))),
    "stack": ((6, 6), lambda x, conv: torch.stack([x, conv(x, 3, 3, 3, padding=1)], 1).sum(1)),
    "group norm": ((6, 6), lambda x, conv: F.group_norm(conv(x, 4, 3, 3), 2)),
    "split and join": ((10, 10), split_and_join),
    "groups": ((10, 10), groups),
    "in place": ((9, 11), in_place),
    "assignment": ((8, 8), assignment),
    "tokens": ((12, 16), tokens),
    "windows": ((16, 8), windows),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("name", HAND)
def test_every_unit_of_small_networks_written_as_functions(name: str) -> None:
    size, forward = HAND[name]
    model = Hand(forward)
    model(torch.rand(1, 3, *size))
    check(model, size, ["last"], 400)


def chain() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, stride=2, padding=1))


def field_after(model: Callable[[Tensor], Tensor], size: tuple[int, int]) -> ReceptiveField:
    x = torch.randn(1, 3, *size)
    with torch.no_grad(), Propagation(x) as propagation:
        found = propagation.field(model(x))
    assert found is not None
    return found


def test_a_chain_of_three_has_the_field_computed_by_hand() -> None:
    # 3, then 3 + 1·1 = 4 with jump 2, then 4 + 2·2 = 8 with jump 4; the first unit starts at -1 - 2 = -3.
    field = field_after(chain(), (16, 20))
    assert (field.picture, field.grid, field.size) == ((16, 20), (4, 5), (8, 8))
    assert field.box(0, 0) == (0, 0, 5, 5)
    assert field.box(1, 2) == (1, 5, 9, 13)
    assert field.box(3, 4) == (9, 13, 16, 20)
    assert not field.whole
    assert not field.gated


def test_the_size_is_that_of_the_literature_whatever_the_picture() -> None:
    model = torchvision.models.resnet18(weights=None).eval()
    names = ["conv1", "layer1", "layer2", "layer3", "layer4"]
    for size in (224, 224), (64, 96), (32, 32):
        x = torch.randn(1, 3, *size)
        with torch.no_grad(), Propagation(x) as propagation:
            fields = outputs_of(model, names, x, propagation.field)
        assert [fields[name].size for name in names] == [(n, n) for n in (7, 43, 99, 211, 435)]


def test_a_gate_is_context_unless_asked_strictly() -> None:
    def squeeze_excite(x: Tensor) -> Tensor:
        y = F.avg_pool2d(x, 2)
        return y * y.mean((2, 3), keepdim=True).sigmoid()

    field = field_after(squeeze_excite, (8, 8))
    assert field.gated
    assert not field.whole
    assert field.box(1, 2) == (2, 4, 4, 6)
    assert field.box(1, 2, strict=True) == (0, 0, 8, 8)
    assert field.size == (2, 2)


def test_an_unknown_function_sees_the_whole_picture_and_says_so() -> None:
    x = torch.randn(1, 3, 8, 8)
    with torch.no_grad(), Propagation(x) as propagation:
        y = F.grid_sample(x, torch.zeros(1, 8, 8, 2), align_corners=False)
        z = F.avg_pool2d(y, 2)
    field = propagation.field(z)
    assert field is not None
    assert propagation.unknown == {"grid_sample"}
    assert field.whole
    assert not field.exact
    assert field.box(3, 3) == (0, 0, 8, 8)


def test_what_does_not_come_from_the_picture_has_no_field() -> None:
    x = torch.randn(1, 3, 8, 8)
    with Propagation(x) as propagation:
        blank, other = torch.zeros_like(x), torch.ones(3)
        erased = (x * 1).zero_()
    assert [propagation.field(t) for t in (blank, other, erased)] == [None, None, None]


def test_writing_through_a_view_is_not_followed_but_admitted() -> None:
    def through_a_view(x: Tensor) -> Tensor:
        y = x * 1
        part = y[:, :1]
        part += F.conv2d(x, torch.ones(1, 3, 3, 3), padding=1)
        return y

    field = field_after(through_a_view, (8, 8))
    assert field.whole
    assert not field.exact


def test_vectors_and_tokens() -> None:
    vector = field_after(lambda x: F.linear(x.flatten(1), torch.ones(5, 3 * 64)), (8, 8))
    assert (vector.grid, vector.whole, vector.box(0, 0)) == ((1, 1), True, (0, 0, 8, 8))
    row = field_after(lambda x: x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4).sum(4).flatten(2).transpose(1, 2), (8, 8))
    assert row.grid == (1, 16)
    field = row.reshaped(4, 4)
    assert (field.grid, field.box(1, 2)) == ((4, 4), (2, 4, 4, 6))
    with pytest.raises(OutOfRange, match="do not make 1"):
        row.reshaped(4, 4, skip=1)


def test_a_vision_transformer_is_followed_through_its_attention() -> None:
    model = torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=5).eval()
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad(), Propagation(x) as propagation:
        fields = outputs_of(
            model, ["conv_proj", "encoder.layers.encoder_layer_0.ln_1", "encoder"], x, propagation.field
        )
    assert propagation.unknown == set()
    patches, before, after = fields.values()
    assert patches.box(1, 2) == (8, 16, 16, 24)
    assert before.reshaped(4, 4, skip=1).box(1, 2) == (8, 16, 16, 24)
    assert before.box(0, 0) == (0, 0, 0, 0)  # the class token has seen nothing yet
    assert after.whole


def test_a_unit_beyond_the_map_is_refused() -> None:
    with pytest.raises(OutOfRange, match="row 4, column 0; the map has 4x5"):
        field_after(chain(), (16, 20)).box(4, 0)


class Watching(TorchFunctionMode):
    """Another mode that replaces what it sees, as backward rules do."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.seen.append(func.__name__)
        if func.__name__ == "relu":
            return Rectified.apply(args[0])
        return func(*args, **kwargs or {})


class Rectified(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        return grad[0]


@pytest.mark.parametrize("outermost", [True, False])
def test_it_works_above_and_below_another_function_mode(outermost: bool) -> None:
    model = nn.Sequential(chain(), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)).eval()
    x, other = torch.randn(1, 3, 16, 20), Watching()
    propagation = Propagation(x)
    first, second = (propagation, other) if outermost else (other, propagation)
    with first, second:
        y = model(x)
    field = propagation.field(y)
    assert field is not None
    assert field.exact
    assert field.box(1, 2) == (0, 1, 13, 17)
    assert other.seen.count("conv2d") == 3


def test_nothing_is_kept_alive() -> None:
    x = torch.randn(1, 3, 16, 20)
    with torch.no_grad(), Propagation(x) as propagation:
        y = chain()(x)
        field = propagation.field(y)
    held = weakref.ref(y)
    del y
    gc.collect()
    assert held() is None
    assert field is not None
    assert field.box(0, 0) == (0, 0, 5, 5)


def test_following_resnet50_costs_little() -> None:
    model = torchvision.models.resnet50(weights=None).eval()
    x = torch.randn(1, 3, 224, 224)

    def seconds(follow: bool) -> float:
        start = time.thread_time()
        with torch.no_grad():
            if follow:
                with Propagation(x) as propagation:
                    outputs_of(model, [name for name, _ in model.named_modules()], x, propagation.field)
            else:
                model(x)
        return time.thread_time() - start

    seconds(True)
    added = min(seconds(True) - seconds(False) for _ in range(3))
    assert added < 0.15


def test_rows_and_columns_alone_say_what_a_unit_sees_where_they_do() -> None:
    x = torch.rand(1, 3, 24, 16)
    with Propagation(x) as propagation:
        tokens = nn.Conv2d(3, 4, 4, 4)(x).flatten(2).transpose(1, 2)
        ahead = torch.cat([tokens[:, 1:], tokens[:, :1]], 1)
    field = propagation.field(tokens).reshaped(6, 4)
    rows, columns = field.edges
    for i, j in itertools.product(range(6), range(4)):
        assert field.box(i, j) == (rows[i][0], columns[j][0], rows[i][1], columns[j][1])
    # Each token sees what the one after it saw: at the end of a row, that is the beginning of the next.
    assert propagation.field(ahead).reshaped(6, 4).edges is None
