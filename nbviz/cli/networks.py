"""The network that a command works on, named on the command line."""

from __future__ import annotations

import importlib
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadModel, UnknownName

if TYPE_CHECKING:
    from ..network import Network


def network_arguments(parser: ArgumentParser) -> None:
    """Add what `network_of` reads: the network, its weights, the device."""
    parser.add_argument(
        "network",
        help="'demo', a name of torchvision such as resnet50, or module:name of a Network, of a torch module or of a "
        "function without arguments that returns one; modules are looked for in this folder, too",
    )
    parser.add_argument(
        "--weights",
        default="DEFAULT",
        help="for a name of torchvision: a name of its weights, 'none' for random ones, or a .safetensors file",
    )
    parser.add_argument("--device", default="auto", help="'auto' (default), 'cpu', 'cuda', 'cuda:1', 'mps'")


def network_of(options: Namespace) -> Network:
    """The network that the arguments name; `UnknownName` or `BadModel` where there is none."""
    from ..network import Network

    if options.network == "demo":
        return Network.demo(device=options.device)
    if ":" in options.network:
        return _imported(options.network, options.device)
    if options.weights.endswith(".safetensors"):
        return _with_weights(options.network, Path(options.weights), options.device)
    weights = None if options.weights.lower() == "none" else options.weights
    return Network.torchvision(options.network, weights, device=options.device)


def _with_weights(name: str, file: Path, device: str) -> Network:
    """An architecture of torchvision with the weights of a file, by its convention for pictures of ImageNet."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from ..network import Network

    random = Network.torchvision(name, None, device=device)
    try:
        random.model.load_state_dict(load_file(file), strict=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        cause = str(error).partition("\n")[0]
        raise BadModel(f"'{file}' does not hold weights of {name} ({cause}); give the file that was saved.") from error
    return random


def _imported(place: str, device: str) -> Network:
    from torch import nn

    from ..network import Network

    module, _, attribute = place.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UnknownName(f"There is no {place!r} ({error}); give module:name of a network.") from error
    if callable(found) and not isinstance(found, (Network, nn.Module)):
        found = found()
    return found if isinstance(found, Network) else Network(found, device=device)
