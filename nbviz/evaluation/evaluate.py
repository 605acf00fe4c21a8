"""The ground-truth benchmark: every method on pictures in which it is known where the object is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import NbvizError
from ..methods import Recording, record
from ..network import Network
from .cases import Case, Many, cases_of
from .contestants import Contestant, Methods, contestants, enlarged, evidence_map
from .localisation import pointing, relevance_mass, relevance_rank
from .perturbation import covers_of, curves
from .randomisation import STAGES, THRESHOLD, cascade, depends_on_weights, rank_correlation
from .result import Evaluation, Row

# Called as on_step(step, steps, what is being computed). What it raises ends the run.
OnStep = Callable[[int, int, str], None]

_SCORES = ("pointing", "mass", "rank", "insertion", "deletion")


def evaluate(
    net: Network,
    pictures: Many,
    masks: Many,
    targets: Many | None = None,
    methods: Methods | None = None,
    *,
    tolerance: float = 0,
    steps: int = 16,
    randomised: int = 4,
    seed: int = 0,
    progress: bool = True,
    on_step: OnStep | None = None,
) -> Evaluation:
    """Ask methods where a class is, in pictures whose objects are known, and score their maps.

    Args:
        pictures: anything `net.preprocess` takes.
        masks: for each picture a bool array (H, W) or a box (left, top, right, bottom), in the picture's own pixels;
            or several of them.
        targets: for each picture a class by index, label or `net.logit(…)`, which all its masks together belong to; or
            as many classes as it has masks. By default the predicted class.
        methods: names out of `nbviz.methods.METHODS`, by default all that can be asked about a class; or a mapping
            from names to functions (net, image, target) -> Attribution of your own.
        tolerance: how many pixels of the input beside the mask still count as a hit of the pointing game.
        steps: of insertion and deletion. randomised: how many cases take part in the randomisation of weights, which
            computes each map at five more stages; 0 leaves it out. seed: of whatever is drawn.
        progress: one line on the standard error output. on_step: called as (step, steps, what); raising ends the run.

    A method that is not defined for the network has a row with the reason. The rows "centre" and "random" are maps that
    have looked at nothing. Raises `BadRequest` for masks, targets or methods that do not fit.
    """
    cases, entrants = cases_of(net, pictures, masks, targets), contestants(methods)
    trials = [Trial(entrant) for entrant in entrants]
    checked = cases[: max(0, randomised)]
    pace = Pace(len(entrants) * (len(cases) + len(checked) * len(STAGES)), progress, on_step)
    for number, case in enumerate(cases):
        _score(net, case, trials, pace, tolerance, steps, seed + number, keep=number < len(checked))
    if checked:
        _randomise(net, checked, trials, pace, seed)
    settings = {
        "network": net.name,
        "pointing tolerance": f"{tolerance:g} px",
        "insertion (from blurred) and deletion (to grey)": f"{steps} steps",
        "seed": str(seed),
    }
    if checked:
        settings["weights shuffled from the top"] = f"{len(checked)} cases, 'changes' below ρ {THRESHOLD:g}"
    return Evaluation(tuple(t.row() for t in trials), len(cases), STAGES if checked else (), settings)


@dataclass
class Trial:
    """What is known of one method so far."""

    entrant: Contestant
    scores: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _SCORES})
    seconds: list[float] = field(default_factory=list)
    before: dict[int, Tensor] = field(default_factory=dict)
    correlations: list[list[float]] = field(default_factory=list)
    empty: int = 0
    reason: str = ""

    def row(self) -> Row:
        """The means."""
        means = {name: _mean(values) for name, values in self.scores.items()}
        stages = tuple(map(_mean, self.correlations)) if self.before else ()
        return Row(
            self.entrant.name, self.entrant.label, len(self.seconds), **means, correlations=stages,
            changes=depends_on_weights(stages), empty=self.empty, seconds=_mean(self.seconds), reason=self.reason,
        )  # fmt: skip


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _score(
    net: Network, case: Case, trials: list[Trial], pace: Pace, tolerance: float, steps: int, seed: int, keep: bool
) -> None:
    recording, covers = record(net, case.x), covers_of(net, case.x)
    for trial in trials:
        pace.step(f"{trial.entrant.label} on picture {case.picture}")
        began = time.perf_counter()
        try:
            native = _map(net, recording, case, trial.entrant)
        except NbvizError as error:
            trial.reason = trial.reason or str(error)
            continue
        trial.seconds.append(time.perf_counter() - began)
        trial.empty += not bool(native.any())
        if keep:
            trial.before[case_key(case)] = native
        values = enlarged(native, (case.x.shape[-2], case.x.shape[-1]))
        drawn = torch.Generator().manual_seed(seed)
        insertion, deletion = curves(net, case.x, case.target, values, covers, steps, drawn)
        found = (
            pointing(values, case.mask, tolerance), relevance_mass(values, case.mask),
            relevance_rank(values, case.mask), insertion, deletion,
        )  # fmt: skip
        for name, value in zip(_SCORES, found, strict=True):
            trial.scores[name].append(value)


def _map(net: Network, recording: Recording, case: Case, entrant: Contestant) -> Tensor:
    """R⁺ (h, w) as the method gives it, at the positions it has."""
    return evidence_map(entrant.ask(net, recording, case.target)).cpu()


def _randomise(net: Network, cases: list[Case], trials: list[Trial], pace: Pace, seed: int) -> None:
    for share, twin in cascade(net, seed):
        for trial in trials:
            trial.correlations.append([])
        for case in cases:
            recording = record(twin, case.x)
            for trial in trials:
                pace.step(f"{trial.entrant.label} with {share:.0%} of the layers randomised")
                before = trial.before.get(case_key(case))
                if before is None:
                    continue
                try:
                    after = _map(twin, recording, case, trial.entrant)
                except NbvizError:
                    continue  # such as Grad-CAM++ at a pole: nothing to compare in this case
                # Where a shuffled network finds no evidence for the class, an empty map says nothing about the method.
                if bool(before.any()) and bool(after.any()):
                    trial.correlations[-1].append(rank_correlation(before, after))


def case_key(case: Case) -> int:
    """Cases are compared with themselves before and after; a picture may hold several."""
    return id(case)


class Pace:
    """Counts steps, tells whoever wants to know, and writes one line over and over."""

    def __init__(self, steps: int, visible: bool, on_step: OnStep | None) -> None:
        self.steps, self.visible, self.on_step, self.done = steps, visible, on_step, 0

    def step(self, what: str) -> None:
        """One more begins."""
        self.done += 1
        if self.visible:
            end = "\n" if self.done == self.steps else ""
            sys.stderr.write(f"\r{self.done}/{self.steps} {what:<70.70}{end}")
            sys.stderr.flush()
        if self.on_step:
            self.on_step(self.done, self.steps, what)
