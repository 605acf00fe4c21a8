"""A structural copy of the user's model that shares its parameters, so that the model itself is never touched.

Taps, eval mode and frozen parameters exist on the copy only. Sharing storage makes it nearly free of memory, and an
optimiser step on the user's model is seen by the copy at once; `Watch` tells when that happened. Buffers are small
and a forward may write to them (running statistics, counters), so the copy has its own, brought up to date by
`follow`.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn

from ..errors import BadModel, NotFinite

# Legacy `torch.nn.utils.weight_norm` and `spectral_norm` compute weights in forward pre-hooks; without them the
# copy would compute something else. Every other hook is the user's and must not fire for us.
_WEIGHT_HOOKS = {"WeightNorm", "SpectralNorm"}

# Wrappers around an eager module, by the attribute that holds it.
_WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}


def unwrap(model: object) -> nn.Module:
    """The eager module behind `torch.compile`, `DataParallel` and the like; `BadModel` for anything else."""
    if not isinstance(model, nn.Module):
        raise BadModel(f"A {type(model).__name__} is not a torch.nn.Module; give the network itself.")
    while type(model).__name__ in _WRAPPERS:
        model = getattr(model, _WRAPPERS[type(model).__name__])
    assert isinstance(model, nn.Module)
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            where = f"its part {name!r} is" if name else "it is"
            raise BadModel(
                f"nbviz cannot look inside this {type(model).__name__}: {where} a ScriptModule, whose functions are "
                "compiled away; give the original torch.nn.Module."
            )
    return model


def shadow(model: nn.Module, device: torch.device) -> nn.Module:
    """A copy of `model` in eval mode, sharing the parameters that are already on `device`, without the user's hooks."""
    memo: dict[int, object] = {}
    for module in model.modules():
        for key, value in vars(module).items():
            if key.endswith("_hooks") or "_hooks_" in key:
                memo[id(value)] = _kept_hooks(value)
            elif isinstance(value, torch.Tensor):
                memo[id(value)] = _alias(value, device)
    for tensor in _tensors(model):
        memo[id(tensor)] = _alias(tensor, device)
    try:
        # Building the aliases and the copy outside of inference mode keeps them usable in backward passes.
        with torch.inference_mode(False):
            twin = copy.deepcopy(model, memo)
    except Exception as error:
        raise BadModel(
            f"{type(model).__name__} cannot be copied ({type(error).__name__}: {error}); "
            "attributes that cannot be deep-copied must be taken off the model first."
        ) from error
    for module in twin.modules():
        if vars(module).get("inplace") is True:
            vars(module)["inplace"] = False  # otherwise what was tapped would be overwritten
        module._compiled_call_impl = None  # `model.compile()` replaces the call, and with it every function we watch
        module.training = False  # not `eval()`, which a module may override to merge weights in place
    return twin


def follow(twin: nn.Module, model: nn.Module) -> None:
    """Bring the tensors that a shadow has on its own up to those of the model, whose structure has not changed."""
    with torch.inference_mode(False), torch.no_grad():
        for own, theirs in zip(_tensors(twin), _tensors(model), strict=True):
            if own.data_ptr() != theirs.data_ptr():
                own.copy_(theirs)


def compute_weights(module: nn.Module) -> None:
    """Let the hooks that compute a shadow's weights do so now, as they otherwise do before each forward."""
    for hook in list(module._forward_pre_hooks.values()):
        if type(hook).__name__ in _WEIGHT_HOOKS:
            hook(module, ())


def _kept_hooks(hooks: object) -> object:
    if not isinstance(hooks, dict):
        return hooks
    return OrderedDict((k, hook) for k, hook in hooks.items() if type(hook).__name__ in _WEIGHT_HOOKS)


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    yield from model.parameters()
    yield from model.buffers()


def _alias(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A parameter's storage under a new name that never requires gradients; of anything else a copy."""
    with torch.inference_mode(False):
        alias = tensor.detach().to(device)
        if not isinstance(tensor, nn.Parameter):
            return alias.clone() if alias.data_ptr() == tensor.data_ptr() or alias.is_inference() else alias
        return nn.Parameter(alias.clone() if alias.is_inference() else alias, requires_grad=False)


def single_device(model: nn.Module) -> torch.device | None:
    """The device all tensors are on, None for a model without tensors; `BadModel` where they are on several."""
    first: tuple[str, torch.device] | None = None
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.device.type == "meta":
            raise BadModel(f"Parameter {name!r} is on the meta device, without values; load the weights first.")
        if nn.parameter.is_lazy(tensor):
            raise BadModel(f"Parameter {name!r} is not initialised yet; run the model once, then give it to nbviz.")
        if first is None:
            first = name, tensor.device
        elif tensor.device != first[1]:
            raise BadModel(
                f"The model is on several devices ({first[0]!r} on {first[1]}, {name!r} on {tensor.device}); "
                "move it to one with model.to(device)."
            )
    return first[1] if first else None


def require_finite_weights(model: nn.Module) -> None:
    """`NotFinite`, naming the first parameter or buffer with NaN or infinity."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        # A sum is read ten times faster than every value is looked at; it may overflow, so it only acquits.
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor.sum())):
            bad = int((~torch.isfinite(tensor)).sum())
            if not bad:
                continue
            layer = name.rpartition(".")[0] or "the model"
            raise NotFinite(
                f"{bad} of {tensor.numel()} values of {name!r} (layer {layer!r}) are NaN or infinite; "
                "every picture computed from them would be blank. Load finite weights."
            )


class Seen(NamedTuple):
    """Identities and addresses of a model's modules and tensors, and the version counters of the tensors."""

    structure: tuple[object, ...]
    versions: tuple[int, ...]


class Watch:
    """Notices changes of the user's model by identities, addresses and version counters of its tensors.

    An optimiser step raises the version, `p.data = …` changes the address only, a replaced layer the identity.
    Where the structure differs from the `known` one, a shadow no longer shares the tensors.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self.known = self.look()

    def look(self) -> Seen:
        """The present state."""
        tensors = list(_tensors(self._model))
        # The modules themselves, not their ids, which a new module may inherit from one that is gone.
        structure = (*self._model.modules(), *((id(t), t.data_ptr()) for t in tensors))
        return Seen(structure, tuple(0 if t.is_inference() else t._version for t in tensors))
