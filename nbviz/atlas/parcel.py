"""A network and a data set on their way to other processes: the tensors in a file, the rest in a small parcel.

Every task of an engine carries the parcel, so it must be small; the weights lie beside the atlas, which all workers
see. A parcel travels between processes of one person's program alone and is never written to a file.
"""

from __future__ import annotations

import importlib
import io
import pickle
from pathlib import Path
from types import FunctionType
from typing import Any

import torch
from safetensors.torch import load_file, save

from ..errors import BadModel
from . import files


def pack(thing: Any, tensors: Path) -> bytes:
    """Anything that can be pickled as a parcel, and its tensors as the file `tensors`.

    Where the thing is made of code that other processes cannot import, such as a class of a notebook, cloudpickle is
    needed; `BadModel` where it cannot be sent at all.
    """
    outside: list[torch.Tensor] = []
    try:
        parcel = _dumped(pickle.Pickler, thing, outside)
        _dumped_elsewhere_too(thing)
    except Exception as error:  # noqa: BLE001 - what pickling raises depends on what a person's objects are made of
        outside = []
        try:
            parcel = _dumped(importlib.import_module("cloudpickle").Pickler, thing, outside)
        except Exception:  # noqa: BLE001
            raise BadModel(
                f"The network or the data set cannot be sent to other processes ({type(error).__name__}: {error}); "
                "define it in a module that can be imported, install cloudpickle, or scan without workers."
            ) from error
    content = {str(i): tensor.detach().cpu().contiguous().clone() for i, tensor in enumerate(outside)}
    files.write(tensors, save(content))
    return parcel


def unpack(parcel: bytes, tensors: Path) -> Any:
    """The thing again, in another process."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            number, is_parameter, requires_grad = pid
            tensor = loaded[number]
            return torch.nn.Parameter(tensor, requires_grad) if is_parameter else tensor

    loaded = load_file(tensors)
    # The parcel came from this program's own process through the engine, not from a file.
    return Unpickler(io.BytesIO(parcel)).load()


def _dumped(kind: Any, thing: Any, outside: list[torch.Tensor]) -> bytes:
    numbers: dict[int, int] = {}

    class Pickler(kind):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> Any:
            if type(obj) not in (torch.Tensor, torch.nn.Parameter) or obj.layout != torch.strided or obj.is_quantized:
                return None
            if id(obj) not in numbers:
                numbers[id(obj)] = len(outside)
                outside.append(obj)
            return str(numbers[id(obj)]), isinstance(obj, torch.nn.Parameter), obj.requires_grad

    buffer = io.BytesIO()
    Pickler(buffer).dump(thing)
    return buffer.getvalue()


def _dumped_elsewhere_too(thing: Any) -> None:
    """Raise where a class or function of `__main__` is part of it: plain pickle would send its name alone."""

    class Strict(pickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, (type, FunctionType)) and obj.__module__ == "__main__":
                raise pickle.PicklingError(f"{obj.__qualname__} is defined in the main program")
            return NotImplemented

        def persistent_id(self, obj: Any) -> Any:
            return "" if isinstance(obj, torch.Tensor) else None

    Strict(io.BytesIO()).dump(thing)
