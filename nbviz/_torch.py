"""Import torch and torchvision once, and say in one sentence what is wrong where they cannot work together.

torchvision is compiled against torch. Where the two do not fit, its import ends in
`RuntimeError: operator torchvision::nms does not exist`, which names neither the cause nor the way out.
"""

from __future__ import annotations

import importlib
from importlib import metadata

from nbviz.errors import BrokenInstallation

PAIR = ("torch", "torchvision")


def require_torch() -> None:
    """Import torch and torchvision; cheap once they are there.

    Raises:
        BrokenInstallation: one of them is missing, or they do not fit each other.
    """
    versions = {package: _version(package) for package in PAIR}
    for package, version in versions.items():
        if version is None:
            raise BrokenInstallation(f"nbviz needs {package}, which is not installed. {_way_out(package)}")
    try:
        for package in PAIR:
            importlib.import_module(package)
    # A mismatch shows as RuntimeError (operator, CUDA version), ImportError or OSError (symbols, shared libraries) or
    # AttributeError (a function that the other half lacks).
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        cause = str(error).partition("\n")[0].rstrip(".")
        raise BrokenInstallation(
            f"torch {versions['torch']} and torchvision {versions['torchvision']} do not work together ({cause}): "
            f"they must be a matched pair. {_way_out(*PAIR)}"
        ) from error


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _way_out(*packages: str) -> str:
    # Installed versions that fit by number can still be builds for different devices: only a fresh pair settles it.
    reinstall = "--upgrade --force-reinstall " if len(packages) > 1 else ""
    return f"Run: pip install {reinstall}{' '.join(packages)} – and restart the kernel."
