"""The record of a planned experiment: what to do, and what it is expected to tell."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from physmodel.laws.texts.render import compact

#: Rivals that are listed, and columns of a terminal.
LISTED, WIDTH = 5, 80


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
    def nothing(cls, states: tuple[str, ...], reason: str) -> NextExperiment:
        """The answer when no experiment is called for."""
        return cls(states, reason=reason[0].upper() + reason[1:])

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
        return _compact(self)

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import text_card

        return text_card("Next experiment", str(self).partition("\n\n")[2])

    def __str__(self) -> str:
        """What to do, what it is expected to tell, and what else would do."""
        return _text(self)


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


def _text(answer: NextExperiment) -> str:
    best = answer.best
    if best is None:
        return f"next experiment: none\n\n{answer.reason}"
    lines = ["next experiment", "", *_recipe(answer, best), "", *_promise(answer, best)]
    lines += ["", *_rivals(answer, best)]
    if answer.runners_up:
        lines += ["", f"{'or start at':<50}{'information':>12}{'decided':>9}"]
        lines += [f"  {_short(item):<48}{_figures(item)}" for item in answer.runners_up]
    if answer.repetition is not None:
        lines += ["", f"{'the old start again':<50}{_figures(answer.repetition)}"]
    return "\n".join(lines)


def _compact(answer: NextExperiment) -> str:
    """Where to start, for how long, and what it is expected to tell."""
    best = answer.best
    if best is None:
        return compact("NextExperiment", "none", textwrap.wrap(answer.reason, WIDTH))
    open_ = f"{best.information:.2f} of {answer.uncertainty:.2f} nats"
    return compact("NextExperiment", open_, _recipe(answer, best))


def _recipe(answer: NextExperiment, best: Suggestion) -> list[str]:
    time = f" {answer.time_unit}" if answer.time_unit not in {"", "1"} else ""
    samples = round(answer.duration / answer.step) + 1
    width = max(len(name) for name in best.start)
    lines = []
    for k, (name, value) in enumerate(best.start.items()):
        unit = answer.units.get(name, "")
        unit = f" {unit}" if unit not in {"", "1"} else ""
        lines.append(f"{'' if k else 'start at':<10} {name:<{width}} = {value:.4g}{unit}")
    if best.input:
        lines.append(f"{'input':<10} {best.input}")
    lines.append(
        f"{'record':<10} {samples} samples, one every {answer.step:.4g}{time}, "
        f"for {answer.duration:.4g}{time}"
    )
    return lines


def _promise(answer: NextExperiment, best: Suggestion) -> list[str]:
    lines = [
        f"It is expected to bring {best.information:.2f} of the {answer.uncertainty:.2f} nats "
        f"that are open; one model then stands out with probability {best.decided:.0%}."
    ]
    if best.outside:
        lines.append(f"Outside the range of the data: {', '.join(best.outside)}.")
    if best.leaving > 0.0:
        lines.append(
            f"Take care: models with probability {best.leaving:.0%} expect the states to leave "
            "any range seen so far."
        )
    return [row for line in lines for row in textwrap.wrap(line, WIDTH)]


def _rivals(answer: NextExperiment, best: Suggestion) -> list[str]:
    rows = list(zip(answer.rivals, answer.shares[1:], best.separation, strict=True))
    lines = [f"{'rival':<50}{'probability':>12}{'separation':>11}"]
    lines += [f"  {name:<48}{share:>12.1%}{rise:>+11.1f}" for name, share, rise in rows[:LISTED]]
    more = len(rows) - LISTED
    if more > 0:
        lines.append(f"  and {more} more")
    surprise = 1.0 - sum(answer.shares)
    if surprise >= 0.0005:
        lines.append(f"  {'some other term':<48}{surprise:>12.1%}")
    return lines


def _short(item: Suggestion) -> str:
    text = ", ".join(f"{name} = {value:.4g}" for name, value in item.start.items())
    return f"{text}; {item.input}" if item.input else text


def _figures(item: Suggestion) -> str:
    return f"{item.information:>12.2f}{item.decided:>9.0%}"
