"""A planned experiment as text that an experimenter can act on."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from physmodel.laws.render import compact

if TYPE_CHECKING:
    from physmodel.experiments.experiment import NextExperiment, Suggestion

#: Rivals that are listed, and columns of a terminal.
LISTED, WIDTH = 5, 80


def render_experiment(answer: NextExperiment) -> str:
    """What to do, what it is expected to tell, and what else would do."""
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


def short_experiment(answer: NextExperiment) -> str:
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
