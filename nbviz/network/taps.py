"""Taps on the shadow: each call of each module has an address, and its output can be read without being overwritten."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import nn

from ..errors import Cancelled, ForwardFailed, NbvizError


class _Enough(BaseException):
    """Everything asked for has been computed; the rest of the network need not run.

    Not an `Exception`, so that a model that catches its own errors does not catch this.
    """


def _label(node: Any, address: str) -> None:
    """Leave the layer's address on the autograd node of its output, for whoever reads the graph later."""
    node.metadata.setdefault("layer", address)


class Run:
    """One forward pass: counts calls, keeps the outputs asked for (`wanted` None: of every call).

    Without `keep` each is only shown to `on_output`, before anything can overwrite it, and its memory is free again.
    """

    def __init__(self, wanted: Collection[str] | None, copied: Collection[str], stop: bool, keep: bool = True) -> None:
        self.wanted, self.copied, self.stop, self.keep = wanted, copied, stop, keep
        self.outputs: dict[str, torch.Tensor] = {}
        self.versions: dict[str, int] = {}
        self.kinds: dict[str, str] = {}
        self.on_output: Callable[[str, torch.Tensor], None] | None = None
        self._calls: dict[str, int] = {}
        self._stack: list[str] = []

    def enter(self, name: str) -> None:
        count = self._calls[name] = self._calls.get(name, 0) + 1
        self._stack.append(name if count == 1 else f"{name}#{count}")

    def leave(self, kind: str, output: Any) -> Any:
        address = self._stack.pop()
        if not isinstance(output, torch.Tensor) or (self.wanted is not None and address not in self.wanted):
            return None
        self.kinds[address] = kind
        if self.keep:
            self.outputs[address] = output
            self.versions[address] = output._version
        if output.grad_fn is not None:
            _label(output.grad_fn, address)
        if self.on_output:
            self.on_output(address, output)
        if self.stop and self.wanted is not None and len(self.kinds) == len(self.wanted):
            raise _Enough
        if not self.keep:
            return None
        # A later `add_` or `relu_` then works on the copy; the tapped tensor stays what the layer computed.
        return output.clone() if address in self.copied else None

    @property
    def innermost(self) -> str:
        """The call that is running, "" outside of all."""
        return self._stack[-1] if self._stack else ""

    def overwritten(self) -> set[str]:
        """The addresses whose outputs were changed in place after the layer returned them."""
        return {a for a, output in self.outputs.items() if output._version != self.versions[a]}


def _kind(module: nn.Module) -> str:
    """The name of the module's class; parametrised ones get a class of their own that hides it."""
    return type(module).__name__.removeprefix("Parametrized")


class Taps:
    """Hooks on every module of a shadow that report to the run in progress, if any."""

    def __init__(self, twin: nn.Module) -> None:
        self.twin = twin
        self._run: Run | None = None
        self.copied: set[str] = set()
        for name, module in twin.named_modules():
            # What computes weights is no layer of the network.
            if name and "parametrizations" not in name.split("."):
                module.register_forward_pre_hook(lambda _module, _args, name=name: self._enter(name))
                module.register_forward_hook(lambda module, _args, output: self._leave(module, output))

    def _enter(self, name: str) -> None:
        if self._run is not None:
            self._run.enter(name)

    def _leave(self, module: nn.Module, output: Any) -> Any:
        return None if self._run is None else self._run.leave(_kind(module), output)

    def forward(
        self,
        x: torch.Tensor,
        wanted: Collection[str] | None,
        logits: bool = True,
        on_output: Callable[[str, torch.Tensor], None] | None = None,
        values: bool = True,
        keep: bool = True,
    ) -> tuple[Run, Any]:
        """Run the shadow on `x`; returns the run and the model's output (None where it was not needed).

        Without `values`, only shapes are asked for, and outputs may have been overwritten; without `keep` they are
        read by `on_output` alone.
        """
        run = Run(wanted, self.copied, stop=not logits, keep=keep)
        run.on_output = on_output
        self._run = run
        try:
            # A copy, because a model may write into its input; the random state, because it may draw from it.
            with torch.random.fork_rng([x.device] if x.device.type == "cuda" else []):
                output = self.twin(x.clone())
        except _Enough:
            output = None
        except (NbvizError, Cancelled):
            raise
        except Exception as error:
            where = f"in layer {run.innermost!r}" if run.innermost else "before its first layer"
            raise ForwardFailed(
                f"The network failed {where} on an input of {tuple(x.shape)}: {type(error).__name__}: {error}"
            ) from error
        finally:
            self._run = None
        late = run.overwritten() - self.copied
        self.copied |= late
        if late and values:
            # Which outputs are overwritten is a property of the network, so this repeats at most once per branch.
            return self.forward(x, wanted, logits, on_output)
        return run, output
