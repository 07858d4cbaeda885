"""What a long computation is at: it says so, and who wants to know listens; by default nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Takes what `stage` is given.
Listener = Callable[[str, float | None], None]

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def stage(name: str, share: float | None = None) -> None:
    """Say that a stage begins, or a step within one.

    Parameters
    ----------
    name : str
        For people, such as ``"polynomials of degree 3 (5 of 10)"``.
    share : float, optional
        Part of the search that is done, from 0 to 1; it may jump, and it starts again where data
        are searched more than once. None for a step within the stage at hand.
    """
    listener = _LISTENER.get()
    if listener is not None:
        listener(name, share)


@contextmanager
def watching(listener: Listener) -> Iterator[None]:
    """Hear of every stage that begins within the block, in the same thread.

    Parameters
    ----------
    listener : callable
        ``listener(name, share)``, called before the stage begins. What it raises ends the work.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
