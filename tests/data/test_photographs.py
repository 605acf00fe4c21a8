"""Real weights and real photographs: do the pictures mean what they claim?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision import transforms as T

import nbviz

from .real import NETWORKS, Marked, Photographs, model, network

pytestmark = pytest.mark.slow  # real networks on photographs

DOG_AND_CAT, ZEBRA_AND_CAR = "two_dog_over_cat_montage.jpg", "two_zebra_beside_car_montage.jpg"
# As SOURCES.md states for these pictures under torchvision's own preprocessing: top-1 and top-5 in per cent.
STATED = {"squeezenet1_1": (77.2, 90.1), "mobilenet_v2": (89.1, 94.1)}


def test_accuracy_on_the_photographs_is_what_their_source_states(real: nbviz.Network, photographs: Photographs) -> None:
    ranks = {name: [p.index for p in real.predict(photographs / name)] for name in photographs.classes}
    first = np.mean([ranks[name][0] == index for name, index in photographs.classes.items()])
    five = np.mean([index in ranks[name] for name, index in photographs.classes.items()])
    assert (round(100 * first, 1), round(100 * five, 1)) == STATED[real.name]


@pytest.fixture(scope="module", params=NETWORKS)
def whole(request: pytest.FixtureRequest, shared_data: Path) -> nbviz.Network:
    """A network that sees pictures whole, squeezed into a square, so that no object is cropped away."""
    transform = T.Compose(
        [T.Resize((224, 224)), T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    )
    net = nbviz.Network(model(shared_data, request.param), transform=transform, device="cpu")
    net.name = request.param
    return net


def evidence(net: nbviz.Network, photographs: Photographs, name: str, marked: Marked) -> tuple[NDArray, NDArray]:
    """Grad-CAM of an object's class over the picture, and where its box lies, both (224, 224)."""
    heat = nbviz.grad_cam(net, photographs / name, marked.index).heatmap((224, 224))
    with Image.open(photographs / name) as picture:
        width, height = picture.size
    inside = np.zeros((224, 224), bool)
    x0, y0, x1, y1 = (round(224 * v / side) for v, side in zip(marked.box, (width, height, width, height), strict=True))
    inside[y0:y1, x0:x1] = True
    return heat, inside


@pytest.mark.parametrize("name", [DOG_AND_CAT, ZEBRA_AND_CAR])
def test_the_evidence_for_each_of_two_objects_peaks_in_its_own_box(
    whole: nbviz.Network, photographs: Photographs, name: str
) -> None:
    """The share of the evidence inside of a box is at least 1.4 times that of a map without any preference.

    Measured: 0.44 … 0.92 in boxes that cover 0.25 … 0.43 of the picture; lowest ratio 1.49, SqueezeNet's cat.
    """
    for marked in photographs.objects(name):
        heat, inside = evidence(whole, photographs, name, marked)
        assert inside.flat[heat.argmax()], marked.label
        assert heat[inside].sum() / heat.sum() > 1.4 * inside.mean(), marked.label


@pytest.mark.parametrize(("name", "axis"), [(DOG_AND_CAT, 0), (ZEBRA_AND_CAR, 1)])
def test_the_evidence_for_two_objects_lies_on_their_own_halves(
    whole: nbviz.Network, photographs: Photographs, name: str, axis: int
) -> None:
    """Measured in the first half: dog 0.75 and 0.85, cat 0.49 and 0.12; zebra 0.89 and 0.94, car 0.23 and 0.07."""
    first, second = (evidence(whole, photographs, name, marked)[0] for marked in photographs.objects(name))
    before, after = (np.moveaxis(heat, axis, 0)[:112].sum() / heat.sum() for heat in (first, second))
    assert before > 0.5 > after
    assert before - after > 0.2


def test_with_torchvisions_own_crop_dog_and_cat_are_found_in_different_halves(
    real: nbviz.Network, photographs: Photographs
) -> None:
    dog, cat = photographs.objects(DOG_AND_CAT)
    peaks = {}
    for marked in (dog, cat):
        heat = nbviz.grad_cam(real, photographs / DOG_AND_CAT, marked.index).heatmap((224, 224))
        peaks[marked.label] = divmod(int(heat.argmax()), 224)
    _, dogs_top, _, dogs_end = photographs.seen(DOG_AND_CAT, dog.box)
    _, cats_top, _, cats_end = photographs.seen(DOG_AND_CAT, cat.box)
    assert dogs_top <= peaks[dog.label][0] < dogs_end <= cats_top <= peaks[cat.label][0] < cats_end


def test_evidence_for_one_class_minus_another_has_both_signs_in_their_own_places(
    whole: nbviz.Network, photographs: Photographs
) -> None:
    dog, cat = photographs.objects(DOG_AND_CAT)
    difference = whole.logit(dog.index) - whole.logit(cat.index)
    values = nbviz.grad_cam(whole, photographs / DOG_AND_CAT, difference, signed=True).values
    rows = values.shape[0] // 2
    assert values[:rows].sum() > 0 > values[-rows:].sum()


# One clear object each: a dog's head, a bus, a mug, mopeds. They were picked after measuring, as examples that must
# stay good; the test over all masked pictures below is the one without a choice.
CLEAR = ["coral_samoyed.jpg", "coco_000000000471.jpg", "coco_000000002592.jpg", "coco_000000000073.jpg"]


def strongest(net: nbviz.Network, picture: Path) -> nbviz.Unit:
    layer = net.late_convolution
    maps = nbviz.activations(net, picture, layer).values
    return net.unit(layer, int(maps.amax((1, 2)).argmax()))


def share(attribution: nbviz.Attribution, mask: NDArray[np.bool_]) -> float:
    """The part of a projection's energy that lies on an object."""
    energy = attribution.values.square().sum(0).numpy()
    return float(energy[mask].sum() / energy.sum())


@pytest.mark.parametrize("name", CLEAR)
def test_guided_backprop_of_the_strongest_late_unit_lies_on_the_object(
    real: nbviz.Network, photographs: Photographs, name: str
) -> None:
    """Measured 0.72 … 1.00 where the object covers 0.32 … 0.75 of the picture, which is what chance would give."""
    found = nbviz.guided_backprop(real, photographs / name, strongest(real, photographs / name))
    assert share(found, photographs.mask(name)) > max(2 / 3, photographs.mask(name).mean())


@pytest.mark.parametrize("name", CLEAR)
def test_deconvnet_of_the_strongest_late_unit_lies_on_the_object_where_switches_lead_there(
    shared_data: Path, photographs: Photographs, name: str
) -> None:
    """SqueezeNet has max-pools; measured 0.71 … 0.95 where the object covers 0.32 … 0.75."""
    net = network(shared_data, "squeezenet1_1")
    found = nbviz.deconvnet(net, photographs / name, strongest(net, photographs / name))
    assert found.note == ""
    assert share(found, photographs.mask(name)) > max(2 / 3, photographs.mask(name).mean())


def test_deconvnet_of_a_network_without_max_pools_says_so(shared_data: Path, photographs: Photographs) -> None:
    net = network(shared_data, "mobilenet_v2")
    unit = strongest(net, photographs / CLEAR[0])
    assert "no max-pool" in nbviz.deconvnet(net, photographs / CLEAR[0], unit).note


def test_over_all_masked_pictures_projections_prefer_the_object(real: nbviz.Network, photographs: Photographs) -> None:
    """Objects of 5 … 80 % that are named rightly. Measured mean shares 0.62 (of 0.50) and 0.61 (of 0.32)."""
    shares, areas = [], []
    for name in photographs.masked:
        mask = photographs.mask(name)
        if 0.05 < mask.mean() < 0.8 and real.predict(photographs / name, 1)[0].index == photographs.classes[name]:
            unit = strongest(real, photographs / name)
            shares.append(share(nbviz.guided_backprop(real, photographs / name, unit), mask))
            areas.append(mask.mean())
    assert len(shares) >= 6
    assert np.mean(shares) > np.mean(areas) + 0.1


def test_first_filters_are_pictures_of_their_own(real: nbviz.Network) -> None:
    filters = nbviz.filters(real)
    assert filters.values.shape[1:] == (3, 3, 3)
    spread = filters.values.flatten(1).std(1)
    # Some filters of MobileNetV2 have died in training; most must be there.
    assert float((spread > 0.02 * spread.max()).float().mean()) > 0.5
    directions = torch.nn.functional.normalize(filters.values.flatten(1)[spread > 0.02 * spread.max()], dim=1)
    alike = (directions @ directions.T).triu(1)
    assert float((alike > 0.999).float().mean()) < 0.01
    assert np.asarray(filters.image).std() > 10


@pytest.mark.parametrize("method", [nbviz.saliency, nbviz.grad_cam], ids=lambda method: method.__name__)
def test_a_class_map_depends_on_the_weights(method: object, shared_data: Path, photographs: Photographs) -> None:
    """Adebayo et al. 2018: the picture must change when the last weights are randomised."""
    picture = photographs / CLEAR[0]
    trained, shuffled = (network(shared_data, "mobilenet_v2") for _ in range(2))
    last = shuffled.model.classifier[1]
    with torch.no_grad():
        last.weight.copy_(last.weight[torch.randperm(1000, generator=torch.Generator().manual_seed(0))])
    index = trained.predict(picture, 1)[0].index
    a, b = (method(net, picture, index).values.flatten() for net in (trained, shuffled))
    assert float(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 0.8
