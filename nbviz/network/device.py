"""Where to compute."""

from __future__ import annotations

import torch

from ..errors import BadModel


def choose_device(wanted: str | torch.device, current: torch.device | None) -> torch.device:
    """The device asked for; for "auto" the accelerator that the model sits on, else the best one there is.

    `BadModel` for a name that torch does not know and a device that is not here.
    """
    if str(wanted) == "auto":
        if current is not None and current.type != "cpu":
            return current
        return next(torch.device(name) for name in ("cuda", "mps", "cpu") if _is_here(name))
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise BadModel(f"{wanted!r} is no device ({reason}); give 'auto', 'cpu', 'cuda' or 'mps'.") from None
    if not _is_here(device.type) or (device.index or 0) >= _count(device.type):
        here = ", ".join(name for name in ("cuda", "mps", "cpu") if _is_here(name))
        raise BadModel(
            f"Device {str(device)!r} is not available to torch here (there is {here}); give 'auto' or 'cpu'."
        )
    return device


def _is_here(name: str) -> bool:
    if name == "cuda":
        return torch.cuda.is_available()
    return torch.backends.mps.is_available() if name == "mps" else True


def _count(name: str) -> int:
    return torch.cuda.device_count() if name == "cuda" else 1
