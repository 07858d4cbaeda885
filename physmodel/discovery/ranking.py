"""Which of several laws to report: by evidence, or by what each leaves and its terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physmodel.discovery.law import Law


def ranked(laws: Sequence[Law]) -> list[Law]:
    """Laws with the one to report first.

    Where a law leaves nothing but noise, the evidence of all residuals decides. Where every law
    leaves an error of the equation, enough data make any term significant; then a term has to
    be worth it, and lower what its equation leaves by the factor `WORTH`.
    """
    noisy = only_noise(laws)
    behind: set[int] = set() if noisy else dominated(laws)
    return sorted(laws, key=lambda law: (id(law) in behind, law.merit(noisy)))


def dominated(laws: Sequence[Law]) -> set[int]:
    """Identities of laws that are less likely than one of fewer terms.

    What an exact law leaves are errors of the computation, whose likelihood says nothing.
    """
    best, behind = np.inf, set()
    for law in sorted(laws, key=lambda law: (len(law.key), law.deviance)):
        if law.deviance >= best and not law.exact:
            behind.add(id(law))
        best = min(best, law.deviance)
    return behind


def only_noise(laws: Sequence[Law]) -> bool:
    """Whether a law leaves nothing but noise of a measurement, and none leaves nothing at all."""
    return any(law.complete for law in laws) and not any(law.numerical for law in laws)
