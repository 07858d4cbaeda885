"""What a command says while it works: the stage it is at and the seconds so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

import click

from physmodel.progress import watching

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

#: Seconds until a terminal shows anything; between lines elsewhere; between looks at the clock.
PATIENCE, BETWEEN, LOOK = 2.0, 10.0, 0.25


@dataclass
class Stages:
    """Lines that are due by a clock, whatever the work is at.

    Attributes
    ----------
    command : str
    doing : str
        What is done until the work names a stage.
    show : callable
        Takes a line.
    first, every : float
        Seconds until the first line, and between two.
    clock : callable
    """

    command: str
    doing: str
    show: Callable[[str], None]
    first: float
    every: float
    clock: Callable[[], float] = monotonic
    _at: tuple[str, ...] = field(init=False)
    _begun: float = field(init=False)
    _due: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._at = (self.doing,)
        self._begun = self.clock()
        self._due = self._begun + self.first

    def hear(self, name: str, share: float | None) -> None:
        """Take note of a stage, or of a step within it; nothing is shown yet."""
        self._at = (self._at[0], name) if share is None else (name,)

    def look(self) -> None:
        """Show a line if one is due."""
        now = self.clock()
        if now >= self._due:
            self._due = now + self.every
            self.show(f"{self.command}: {', '.join(self._at)}, {now - self._begun:.0f} s")


@contextmanager
def told(doing: str, console: Console, clock: Callable[[], float] = monotonic) -> Iterator[None]:
    """Tell the stages of the work in the block: one line that changes, or lines off a terminal."""
    context = click.get_current_context(silent=True)
    command = (context.info_name if context else None) or "physmodel"
    if not console.is_terminal:
        show = partial(click.echo, err=True)
        with _looking(Stages(command, doing, show, BETWEEN, BETWEEN, clock)):
            yield
        return
    status = console.status("")
    try:
        with _looking(Stages(command, doing, partial(_spin, status), PATIENCE, LOOK, clock)):
            yield
    finally:
        status.stop()


def _spin(status: Status, line: str) -> None:
    from rich.text import Text

    status.update(Text(line))
    status.start()


@contextmanager
def _looking(stages: Stages) -> Iterator[None]:
    """Look at the clock from a thread, since a stage may take minutes."""
    done = Event()

    def look() -> None:
        # Nobody may be there to read; the work goes on.
        with suppress(OSError):
            while not done.wait(LOOK):
                stages.look()

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        with watching(stages.hear):
            yield
    finally:
        done.set()
        thread.join()
