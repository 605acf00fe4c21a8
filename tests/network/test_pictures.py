"""From whatever is called a picture to the model's input and back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms as T

import nbviz
from nbviz.errors import BadModel, BadPicture, ForwardFailed, NotDefined

from .models import Small, seeded

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NORMALISED = T.Compose([T.Resize(20), T.CenterCrop(16), T.ToTensor(), T.Normalize(MEAN, STD)])


def opened(model: nn.Module | None = None, **options: Any) -> nbviz.Network:
    return nbviz.Network(seeded(model or Small()), **{"device": "cpu", **options})


def noise(height: int = 30, width: int = 40, channels: int = 3) -> np.ndarray:
    array = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return array[..., 0] if channels == 1 else array


def columns(vector: Any) -> Tensor:
    return torch.tensor(vector)[None, :, None, None]


def test_the_affine_map_of_a_transform_is_its_mean_and_std() -> None:
    net = opened(transform=NORMALISED)
    assert net.input_size == (16, 16)
    pixels = torch.rand(2, 3, 5, 7)
    x = (pixels - columns(MEAN)) / columns(STD)
    assert torch.allclose(net.normalise(pixels), x, atol=1e-5)
    assert torch.allclose(net.denormalise(x), pixels, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "vit_b_16", "inception_v3"])
def test_the_affine_map_of_torchvisions_own_transforms_is_their_mean_and_std(name: str) -> None:
    from torchvision import models

    from nbviz.network.preprocessing import Preprocessing

    transform = models.get_model_weights(name).DEFAULT.transforms()
    measured = Preprocessing(transform, 3, None)
    assert measured.size == (transform.crop_size[0], transform.crop_size[0])
    pixels = torch.rand(1, 3, 4, 4)
    expected = (pixels - columns(transform.mean)) / columns(transform.std)
    assert torch.allclose(measured.normalise(pixels), expected, atol=1e-5)


def test_normalising_can_be_differentiated() -> None:
    pixels = torch.rand(1, 3, 4, 4, requires_grad=True)
    opened(transform=NORMALISED).normalise(pixels).sum().backward()
    assert torch.allclose(pixels.grad, (1 / columns(STD)).expand_as(pixels), atol=1e-5)


def test_a_picture_goes_through_the_transform_as_it_is() -> None:
    picture = Image.fromarray(noise())
    expected = NORMALISED(picture)[None]
    assert torch.equal(opened(transform=NORMALISED).preprocess(picture), expected)


def test_every_form_of_a_picture_is_the_same_picture(tmp_path: Path) -> None:
    net = opened(transform=NORMALISED)
    array = noise()
    picture = Image.fromarray(array)
    picture.save(tmp_path / "p.png")
    encoded = io.BytesIO()
    picture.save(encoded, "png")
    expected = net.preprocess(array)
    for form in (
        picture,
        tmp_path / "p.png",
        str(tmp_path / "p.png"),
        encoded.getvalue(),
        torch.tensor(array).permute(2, 0, 1),
    ):
        assert torch.equal(net.preprocess(form), expected)
    assert torch.equal(net.preprocess(expected), expected)


def test_pixels_between_0_and_1_take_the_measured_map() -> None:
    net = opened(transform=NORMALISED)
    pixels = torch.rand(3, 16, 16)
    expected = net.normalise(pixels[None])
    assert torch.allclose(net.preprocess(pixels), expected, atol=1e-5)
    assert torch.allclose(net.preprocess(pixels.permute(1, 2, 0).numpy()), expected, atol=1e-5)


def test_what_the_network_saw_is_shown_in_the_pictures_own_colours() -> None:
    net = opened(transform=NORMALISED)
    seen = nbviz.saliency(net, Image.fromarray(noise(16, 16)).resize((20, 20)), 0).picture
    expected = T.Compose([T.Resize(20), T.CenterCrop(16)])(Image.fromarray(noise(16, 16)).resize((20, 20)))
    assert np.abs(seen.astype(int) - np.asarray(expected).astype(int)).max() <= 1


def test_swapped_channels_are_found_and_undone() -> None:
    net = opened(transform=T.Compose([NORMALISED, lambda x: x[[2, 1, 0]]]))
    pixels = torch.rand(1, 3, 4, 4)
    swapped = ((pixels - columns(MEAN)) / columns(STD))[:, [2, 1, 0]]
    assert torch.allclose(net.normalise(pixels), swapped, atol=1e-5)
    assert torch.allclose(net.denormalise(swapped), pixels, atol=1e-5)
    red = Image.new("RGB", (20, 20), (255, 0, 0))
    assert nbviz.saliency(net, red, 0).picture[8, 8].tolist() == [255, 0, 0]


def test_a_border_does_not_dim_the_measured_map() -> None:
    boxed = T.Compose([T.Resize(15, max_size=16), T.Pad((0, 2, 0, 2)), T.ToTensor()])
    net = opened(transform=boxed)
    assert torch.allclose(net.normalise(torch.ones(1, 3, 2, 2)), torch.ones(1, 3, 2, 2), atol=1e-5)


@pytest.mark.parametrize(
    "transform",
    [
        T.Compose([NORMALISED, lambda x: (x - x.mean()) / x.std()]),
        T.Compose([NORMALISED, lambda x: x.sign() * x.abs().sqrt()]),
        T.Compose([T.Grayscale(3), NORMALISED]),
    ],
    ids=["per picture", "curved", "grey"],
)
def test_a_transform_that_is_no_affine_map_is_used_and_never_guessed(transform: Any) -> None:
    net = opened(transform=transform)
    assert torch.equal(net.preprocess(noise()), transform(Image.fromarray(noise()))[None])
    assert nbviz.saliency(net, noise()).picture.shape == (16, 16, 3)
    with pytest.raises(NotDefined, match="not an affine map"):
        net.normalise(torch.rand(1, 3, 4, 4))
    with pytest.raises(NotDefined, match="not an affine map"):
        nbviz.visualize(net, net.unit("conv1", 0), steps=1)


def test_a_transform_that_keeps_the_size_gets_pictures_of_the_input_size() -> None:
    """As for CIFAR and MNIST, whose pictures are stored in the size of the input."""
    bare = T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])
    net = opened(transform=bare, input_size=32)
    assert net.input_size == (32, 32)
    assert net.preprocess(noise(50, 70)).shape == (1, 3, 32, 32)
    exact = Image.fromarray(noise(32, 32))
    assert torch.equal(net.preprocess(exact), bare(exact)[None])
    fixed = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 30 * 30, 5))
    assert opened(fixed, transform=bare).input_size == (32, 32)


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3), (64, 3), (224, 1)])
def test_the_input_size_is_found_where_nothing_says_it(side: int, channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 2, 3, 2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))
    model(torch.rand(1, channels, side, side))
    net = opened(model)
    assert (net.input_size, net.in_channels) == ((side, side), channels)
    assert len(net.predict(noise(50, 40, channels))) == 5


def test_a_network_without_convolution_is_found_to_be_grey() -> None:
    net = opened(nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10)))
    assert (net.input_size, net.in_channels) == ((28, 28), 1)
    assert nbviz.guided_backprop(net, noise(28, 28, 1)).values.shape == (1, 28, 28)
    colour = opened(nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)))
    assert (colour.input_size, colour.in_channels) == ((32, 32), 3)


def test_inputs_that_are_not_square_keep_their_sides_apart() -> None:
    net = opened(input_size=(24, 40))
    assert net.input_size == (24, 40)
    assert net.layers["conv2"].spatial == (12, 20)
    assert nbviz.deconvnet(net, noise(), net.unit("conv2", 1)).values.shape == (3, 24, 40)
    assert nbviz.grad_cam(net, noise()).values.shape == (12, 20)
    assert nbviz.visualize(net, net.unit("conv2", 1), steps=1).image.size == (40, 24)


def test_a_picture_of_another_size_is_looked_at_in_its_own() -> None:
    net = opened(input_size=16)
    large = torch.rand(1, 3, 30, 22)
    assert nbviz.activations(net, large, "conv2").values.shape == (6, 15, 11)
    assert nbviz.saliency(net, large, 0).values.shape == (30, 22)


def test_grey_pictures_suit_colour_networks_and_the_other_way_round() -> None:
    net = opened(input_size=16)
    grey = noise(20, 20, 1)
    assert torch.equal(net.preprocess(grey), net.preprocess(np.repeat(grey[..., None], 3, 2)))
    single = opened(Small(channels=1), input_size=16)
    assert single.preprocess(noise()).shape == (1, 1, 16, 16)
    shown = nbviz.saliency(single, grey, 0).picture
    assert (shown[..., 0] == shown[..., 2]).all()


def test_five_channels_are_given_as_tensors() -> None:
    net = opened(Small(channels=5), input_size=16)
    with pytest.raises(BadPicture, match="takes 5 channels; give pictures as float tensors"):
        net.predict(noise())
    with pytest.raises(BadPicture, match="3 channels, the network takes 5"):
        net.predict(torch.rand(3, 16, 16))
    bands = torch.rand(5, 16, 16)
    assert len(net.predict(bands)) == 4
    assert nbviz.deconvnet(net, bands, net.unit("conv1", 0)).values.shape == (5, 16, 16)
    assert nbviz.saliency(net, bands).picture.shape == (16, 16, 3)
    assert nbviz.filters(net).values.shape == (6, 5, 3, 3)
    nbviz.visualize(net, net.unit("conv1", 0), steps=1)


def test_a_picture_of_3_by_3_pixels_is_refused_in_one_sentence() -> None:
    net = opened(input_size=16)
    with pytest.raises(BadPicture, match="only 3×3 pixels; give one of at least 8×8"):
        net.predict(noise(3, 3))
    assert len(net.predict(torch.rand(1, 3, 3, 3))) == 4  # as it is, where the network can


@pytest.mark.parametrize(
    "thing",
    [
        42,
        None,
        {"a": 1},
        "no such file.jpg",
        b"not a picture",
        np.zeros((4, 4, 7), np.uint8),
        torch.full((3, 16, 16), 2.5),
        torch.full((3, 16, 16), float("nan")),
        torch.rand(0, 0),
        torch.full((2, 3, 16, 16), 0.5),
        torch.full((1, 4, 16, 16), 0.5),
        torch.full((1, 3, 16, 16), float("inf")),
        torch.zeros(1, 3, 16, 16, dtype=torch.uint8),
    ],
    ids=lambda thing: repr(thing)[:20] if not isinstance(thing, np.ndarray | torch.Tensor) else f"{tuple(thing.shape)}",
)
def test_what_is_no_picture_is_refused_in_one_sentence(thing: Any) -> None:
    net = opened(input_size=16)
    for act in (
        net.predict,
        lambda image: nbviz.deconvnet(net, image),
        lambda image: nbviz.activations(net, image, "conv1"),
    ):
        with pytest.raises(BadPicture) as told:
            act(thing)
        assert "\n" not in str(told.value)


def test_an_input_too_small_for_the_network_is_told_with_its_layer() -> None:
    net = opened(nn.Sequential(nn.Conv2d(3, 4, 7), nn.ReLU(), nn.Conv2d(4, 4, 7)), input_size=32)
    with pytest.raises(ForwardFailed, match=r"in layer '2' on an input of \(1, 3, 10, 10\)"):
        nbviz.activations(net, torch.rand(1, 3, 10, 10), "2")


@pytest.mark.parametrize(
    ("transform", "sentence"),
    [
        (lambda picture: 1 / 0, "failed on a RGB picture of 480×640 .*ZeroDivisionError"),
        (lambda picture: picture, "returned Image; the network takes a tensor"),
        (T.Compose([NORMALISED, lambda x: x[None]]), r"returned \(1, 3, 16, 16\)"),
        (T.Compose([T.Grayscale(), T.Resize((16, 16)), T.ToTensor()]), r"returned \(1, 16, 16\)"),
    ],
)
def test_a_transform_that_does_not_fit_is_refused(transform: Any, sentence: str) -> None:
    with pytest.raises(BadModel, match=sentence):
        opened(transform=transform)


def test_a_transform_and_an_input_size_that_disagree_are_refused() -> None:
    with pytest.raises(BadModel, match="makes pictures of 16×16 pixels, input_size says 32×32"):
        opened(transform=NORMALISED, input_size=32)


def test_what_was_assumed_is_said() -> None:
    from torchvision import models

    assert "without mean and std" in opened(input_size=16).notes[0]
    torch.manual_seed(0)
    net = nbviz.Network(models.squeezenet1_1(), device="cpu")
    assert any("ImageNet's mean and std at 224×224" in note for note in net.notes)
    assert any("ImageNet's class names" in note for note in net.notes)
    assert net.labels[281] == "tabby"
    assert opened(transform=NORMALISED, labels=list("abcd")).notes == []


# -- the picture in its own size


def test_a_picture_in_its_own_size_is_neither_cropped_nor_resized(tmp_path: Path) -> None:
    net = nbviz.Network(nn.Sequential(nn.Conv2d(3, 2, 3)), input_size=32)
    array = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    expected = torch.from_numpy(array).permute(2, 0, 1)[None].float() / 255
    Image.fromarray(array).save(tmp_path / "wide.png")
    for image in (array, Image.fromarray(array), tmp_path / "wide.png", expected[0]):
        torch.testing.assert_close(net.pixels(image), expected)
    torch.testing.assert_close(net.pixels(net.normalise(expected)), expected)
    grey = nbviz.Network(nn.Sequential(nn.Conv2d(1, 2, 3)), input_size=32)
    assert grey.pixels(array).shape == (1, 1, 40, 70)
    with pytest.raises(BadPicture, match="only 3×70"):
        net.pixels(array[:3])


# -- how they lie in memory


class Viewing(nn.Module):
    """As many a tutorial has it: `view` on a map, which only reads memory in the order of channels, rows, columns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool, self.fc = nn.Conv2d(3, 8, 5), nn.MaxPool2d(2), nn.Linear(8 * 6 * 6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv(x).relu())
        return self.fc(x.view(x.size(0), -1))


def test_pictures_lie_in_memory_as_the_network_can_read_them() -> None:
    def order(net: nbviz.Network) -> bool:
        # More than one, because a single picture may be in either order at once.
        return net.arranged(torch.rand(2, 3, 16, 16)).is_contiguous(memory_format=torch.channels_last)

    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert order(opened(plain, input_size=16))
    assert not order(opened(Viewing(), input_size=16))


def test_a_network_that_views_its_maps_is_drawn_dreamt_and_inverted() -> None:
    net = opened(Viewing(), input_size=16)
    assert nbviz.visualize(net, net.logit(1), steps=2).steps == 2
    assert nbviz.deep_dream(net, noise(), net.logit(1), octaves=1, steps=2).image.size == (40, 30)
    assert nbviz.invert(net, noise(), "fc", steps=2).layer == "fc"
