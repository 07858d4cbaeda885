"""The record of a planned experiment: what to do, and what it is expected to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from physmodel.laws.result import Result


@dataclass(frozen=True)
class Suggestion:
    """One experiment and what it promises.

    Attributes
    ----------
    start : dict of str to float
        Start values in user units; a velocity is called ``x_t``.
    input : str
        Label of the input signal; empty where the law has none.
    information : float
        Expected fall of the entropy of the model probabilities, in nats.
    remaining : float
        Upper bound on the entropy that is expected to remain, by which experiments are ordered:
        it still differs where the information has reached its limit.
    decided : float
        Probability that afterwards one of the models stands out as identified; optimistic where
        that is none of the rivals, because its own rivals are not known yet.
    separation : tuple of float
        For each rival, the expected rise of its criterion above the winner's if the winner is
        true.
    outside : tuple of str
        Start values outside the range of the data.
    leaving : float
        Probability of models that expect the states to leave any range seen so far.
    """

    start: Mapping[str, float]
    input: str
    information: float
    remaining: float
    decided: float
    separation: tuple[float, ...]
    outside: tuple[str, ...]
    leaving: float


@dataclass(frozen=True)
class NextExperiment:
    """What to measure next; `print` it.

    Attributes
    ----------
    states : tuple of str
    units : dict of str to str
        Of the start values.
    time_unit : str
    duration, step : float
        Length and sampling interval of the record to take, in user units.
    uncertainty : float
        Entropy of the model probabilities now, in nats: what there is to learn.
    rivals : tuple of str
        How each rival differs from the winner.
    shares : tuple of float
        Probabilities of the winner and of each rival.
    best : Suggestion or None
        None when there is nothing to separate; `reason` says why.
    runners_up : tuple of Suggestion
        Starts elsewhere that are nearly as good, best first.
    repetition : Suggestion or None
        Recording once more from the start of the data, for comparison.
    reason : str
    """

    states: tuple[str, ...]
    units: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = ""
    duration: float = 0.0
    step: float = 0.0
    uncertainty: float = 0.0
    rivals: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    best: Suggestion | None = None
    runners_up: tuple[Suggestion, ...] = ()
    repetition: Suggestion | None = None
    reason: str = ""

    @classmethod
    def nothing(cls, law: Result, reason: str) -> NextExperiment:
        """The answer when no experiment is called for."""
        return cls(law.model.states, reason=reason[0].upper() + reason[1:])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the object that ``physmodel next --json`` prints."""
        return {
            "schema_version": 1,
            "reason": self.reason,
            "duration": self.duration,
            "step": self.step,
            "time_unit": self.time_unit,
            "units": dict(self.units),
            "uncertainty": self.uncertainty,
            "models": [
                {"difference": name, "probability": share}
                for name, share in zip(("", *self.rivals), self.shares, strict=False)
            ],
            "best": _plain(self.best),
            "runners_up": [_plain(item) for item in self.runners_up],
            "repetition": _plain(self.repetition),
        }

    def __repr__(self) -> str:
        from physmodel.experiments.experiment_text import short_experiment

        return short_experiment(self)

    def _repr_html_(self) -> str:
        from physmodel.laws.html import text_card

        return text_card("Next experiment", str(self).partition("\n\n")[2])

    def __str__(self) -> str:
        from physmodel.experiments.experiment_text import render_experiment

        return render_experiment(self)


def _plain(item: Suggestion | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {
        "start": dict(item.start),
        "input": item.input,
        "information": item.information,
        "remaining": item.remaining,
        "decided": item.decided,
        "separation": list(item.separation),
        "outside": list(item.outside),
        "leaving": item.leaving,
    }
