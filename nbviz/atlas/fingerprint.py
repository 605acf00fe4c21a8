"""What an atlas remembers of its network, and what differs in another one, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..errors import NbvizError
from ..network import Network

_LISTED = 3


def fingerprint(net: Network) -> dict[str, Any]:
    """The network's name, its classes, a digest of every weight, and what its preprocessing does; all JSON."""
    return {
        "name": net.name,
        "classes": net.classes,
        "weights": {name: _digest_of(tensor) for name, tensor in _tensors(net.model)},
        "input": [net.in_channels, *net.input_size],
        "preprocessing": _preprocessing(net),
    }


def differences(earlier: Mapping[str, Any], net: Network) -> list[str]:
    """What differs between the network of a fingerprint and `net`, a sentence each; none where nothing does."""
    now, found = fingerprint(net), []
    before, after = earlier["weights"], now["weights"]
    missing, added = before.keys() - after.keys(), after.keys() - before.keys()
    if missing or added:
        parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"has {_some(added)} in addition"] * bool(added)
        found.append(f"The network {' and '.join(parts)}.")
    elif changed := [name for name in before if before[name] != after[name]]:
        found.append(f"{len(changed)} of {len(before)} weight tensors differ: {_some(changed)}.")
    if earlier["input"] != now["input"]:
        was, is_ = ("×".join(map(str, size)) for size in (earlier["input"], now["input"]))
        found.append(f"The network's input was {was} and is {is_}.")
    elif earlier["preprocessing"] != now["preprocessing"]:
        found.append("The preprocessing makes another input of the same picture.")
    return found


def _some(names: Any) -> str:
    listed = sorted(names)
    rest = len(listed) - _LISTED
    return ", ".join(map(repr, listed[:_LISTED])) + (f" and {rest} more" if rest > 0 else "")


def _tensors(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters and buffers that take part in eval mode: counters of training do not."""
    both = [*model.named_parameters(), *model.named_buffers()]
    return [(name, tensor) for name, tensor in both if not name.endswith("num_batches_tracked")]


def _digest_of(tensor: torch.Tensor) -> str:
    values = tensor.detach().cpu().contiguous()
    digest = hashlib.blake2b(f"{values.dtype}{tuple(values.shape)}".encode(), digest_size=8)
    digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _preprocessing(net: Network) -> list[float]:
    """A few values of what becomes of one drawn picture, rounded so that another build of a library is no difference.

    Empty where pictures cannot be preprocessed at all, since the network takes more channels than they have.
    """
    across, down = np.meshgrid(np.linspace(0, 255, 400), np.linspace(0, 255, 300))
    drawn = np.stack([across, down, (across * 3 + down) % 256], -1).astype(np.uint8)
    try:
        x = net.preprocess(Image.fromarray(drawn))[0].float().cpu()
    except NbvizError:
        return []
    rows, columns = (torch.linspace(0, side - 1, 5).round().long() for side in x.shape[1:])
    return [round(v, 1) + 0.0 for v in x[:, rows][:, :, columns].flatten().tolist()]
