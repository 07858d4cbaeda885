"""What a search over settings may choose: ranges of numbers and lists of options, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from typing import Any

from physmodel.errors import ProblemError

#: One value for each name of a space.
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class _Range:
    """Two ends, and how far a value lies between them."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ProblemError(
                f"{self.low!r} to {self.high!r} is no range",
                where="range of a setting",
                fix="low <= high",
            )
        if self.log and not self.low > 0:
            raise ProblemError(
                f"ratios are asked of the range {self.low!r} to {self.high!r}",
                where="range of a setting",
                why="zero and negative numbers have no logarithm",
                fix="start above zero, or leave log out",
            )

    def share(self, value: float) -> float:
        """How far a value lies between the ends, from 0 to 1: the inverse of `at`."""
        low, high = self.low, self.high
        if low == high:
            return 0.5
        if self.log:
            return (log(value) - log(low)) / (log(high) - log(low))
        return (value - low) / (high - low)

    def _between(self, low: float, high: float, share: float) -> float:
        if self.log:
            return exp(log(low) + share * (log(high) - log(low)))
        return low + share * (high - low)


@dataclass(frozen=True)
class Real(_Range):
    """A number between two others.

    Attributes
    ----------
    low, high : float
        Both included.
    log : bool
        Ratios count rather than differences; both ends are positive.

    Raises
    ------
    ProblemError
        If the range is empty or infinite, or ratios are asked of numbers that are not positive.
    """

    @property
    def size(self) -> int | None:
        """Number of values; None where they are not counted."""
        return 1 if self.low == self.high else None

    def at(self, share: float) -> float:
        """The value at a share of the way, from 0 to 1."""
        value = self._between(self.low, self.high, share)
        return min(max(value, self.low), self.high)  # rounding may pass the ends

    def holds(self, value: object) -> bool:
        """Whether it is one of the values."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= float(value) <= self.high  # type: ignore[arg-type]


@dataclass(frozen=True)
class Integer(_Range):
    """A whole number between two others.

    Attributes
    ----------
    low, high : int
        Both included.
    log : bool
        Ratios count rather than differences; both ends are positive.

    Raises
    ------
    ProblemError
        If an end is no whole number, the range is empty, or ratios are asked of numbers that are
        not positive.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            if isinstance(end, bool) or not isinstance(end, int):
                raise ProblemError(
                    f"{end!r} is no whole number",
                    where="range of a setting",
                    fix="give whole ends, or use Real",
                )
        super().__post_init__()

    @property
    def size(self) -> int:
        """Number of values."""
        return self.high - self.low + 1

    def at(self, share: float) -> int:
        """The value at a share of the way: each gets an equal part of it, or of its logarithm."""
        value = self._between(self.low - 0.5, self.high + 0.5, share)
        return min(max(round(value), self.low), self.high)

    def holds(self, value: object) -> bool:
        """Whether it is one of the values."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and self.low <= value <= self.high  # type: ignore[operator]


@dataclass(frozen=True)
class Categorical:
    """One of several options, which have no order.

    Attributes
    ----------
    options : tuple
        Strings, numbers, whatever can be compared; each once.

    Raises
    ------
    ProblemError
        If there is none, or one stands twice.
    """

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.options or any(o in self.options[:k] for k, o in enumerate(self.options)):
            raise ProblemError(
                f"the options {self.options!r} are none, or one stands twice",
                where="options of a setting",
                fix="name each option once",
            )

    @property
    def size(self) -> int:
        """Number of options."""
        return len(self.options)

    def at(self, share: float) -> Any:
        """The option at a share of the list, from 0 to 1."""
        return self.options[min(int(share * self.size), self.size - 1)]

    def holds(self, value: object) -> bool:
        """Whether it is one of the options."""
        return value in self.options


Dimension = Real | Integer | Categorical
#: What may be chosen, by name.
Space = Mapping[str, Dimension]


def check_space(space: Space, known: Sequence[Settings] = ()) -> None:
    """Refuse spaces that are none, and settings that lie outside."""
    if not space:
        raise ProblemError("the space of settings is empty", fix="name a setting and its range")
    for name, dimension in space.items():
        if not isinstance(dimension, Dimension):
            raise ProblemError(
                f"the range of the setting {name!r} is {dimension!r}",
                why="a search has to know what may be chosen",
                fix="use Real(low, high), Integer(low, high) or Categorical((one, another))",
            )
    for settings in known:
        if set(settings) != set(space):
            raise ProblemError(
                f"known settings name {', '.join(map(str, settings)) or 'nothing'}",
                why=f"the space has {', '.join(space)}",
                fix="give a value for each name",
            )
        for name, value in settings.items():
            if not space[name].holds(value):
                raise ProblemError(
                    f"the known value {value!r} is outside its range {space[name]}",
                    where=f"setting {name!r}",
                    fix="widen the range, or leave the value out",
                )


def space_size(space: Space) -> int | None:
    """Number of different settings; None where there is no end of them."""
    total = 1
    for dimension in space.values():
        if dimension.size is None:
            return None
        total *= dimension.size
    return total
