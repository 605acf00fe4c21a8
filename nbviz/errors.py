"""Everything a person can cause derives from `NbvizError`: one sentence that names the thing and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NbvizError(Exception):
    """Base of the errors that a person can cause."""


class UnknownName(NbvizError, LookupError):
    """A layer, unit, label or method that does not exist; close matches are offered."""


class OutOfRange(NbvizError, IndexError):
    """A channel, position, class or picture number beyond what there is."""


class BadPicture(NbvizError, ValueError):
    """Something given as a picture that cannot be read as one, or not by this network."""


class BadModel(NbvizError, TypeError):
    """A model that nbviz cannot look into: scripted, on several devices, not returning a tensor."""


class ForwardFailed(NbvizError, RuntimeError):
    """The user's network raised an error of its own; the layer and the input's shape are named."""


class NotFinite(NbvizError, ArithmeticError):
    """NaN or infinity in the weights or in what a layer computes."""


class NotDefined(NbvizError):
    """A method that has no meaning for this architecture, layer or target."""


class BadRequest(NbvizError, ValueError):
    """A parameter or a message from the page that does not fit."""


class BadDataset(NbvizError, ValueError):
    """A data set without pictures, or whose pictures cannot be asked for twice."""


class BadAtlas(NbvizError, ValueError):
    """A folder that holds no atlas, another one, or one that cannot be written to."""


class DamagedAtlas(BadAtlas):
    """A file of an atlas that is cut off or changed."""


class OutOfMemory(NbvizError, MemoryError):
    """Not even the smallest piece of a computation fits into the memory of its device."""


class Offline(NbvizError, OSError):
    """Weights that are not on this machine and cannot be downloaded."""


class BrokenInstallation(NbvizError, ImportError):
    """torch or torchvision that is missing, or a pair that does not fit together."""


class NotWritten(NbvizError, OSError):
    """A file that cannot be written where it was asked for; what was there before is untouched."""


class NotAReadableNotebook(NbvizError, ValueError):
    """A file that is no notebook, or one of a format that this installation does not read."""


class Closed(NbvizError, RuntimeError):
    """A widget that was closed and shows nothing any more."""


class Cancelled(Exception):
    """An order that was carried out, not an error: raised inside a computation that nobody waits for any more."""


def close_matches(name: str, known: Iterable[str], n: int = 3) -> str:
    """`" Did you mean 'a' or 'b'?"`, or an empty string where nothing is near."""
    name, known = str(name), list(known)
    folded = {k.casefold(): k for k in known}
    near = [folded[m] for m in difflib.get_close_matches(name.casefold(), folded, n, 0.5)]
    near += [k for k in known if name and name.casefold() in k.casefold() and k not in near]
    return f" Did you mean {' or '.join(map(repr, near[:n]))}?" if near else ""
