"""Terms with numbers inside, where no polynomial law is enough: proposed, then settled.

Proposals come from regressions along the trajectory of the best law so far, one equation at a time
(`physmodel.losses.weak_form.shaped`). Each is settled like any other law, with two columns or more
for a term: the linearised term, and its derivatives by its numbers. The ratio of their weights says
where the numbers move; when they no longer do, weights, numbers and errors are those of the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.candidates import Candidate, weighed
from physmodel.discovery.law import Law
from physmodel.discovery.linearisation import Errors, Setting
from physmodel.discovery.search import NOISY, ROUGHLY, Search
from physmodel.discovery.settle import Start, fixed, settle
from physmodel.losses.weak_form.proposals import grown
from physmodel.losses.weak_form.shaped import EquationRows
from physmodel.losses.weak_form.stretches import Stretch, windows
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.shaped_terms import Form, Shaped, Term
from physmodel.models.terms import TermLibrary, polynomial_terms
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import Expression
from physmodel.progress import stage

Array = NDArray[np.float64]


# A trial that is not finite falls out.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def with_forms(ranked: Sequence[Candidate], terms: Sequence[Term]) -> list[Candidate]:
    """Candidates, the winner first, together with laws that hold terms with numbers inside.

    Nothing is added to a law that is exact to all digits. `terms`: what to try.
    """
    best = ranked[0]
    if not terms or not isinstance(best.field, TermField) or best.law.exact:
        return list(ranked)
    adequate = best.exact and best.lawful
    most = ENGINE.rich_states if adequate else ENGINE.form_states
    left = open_equations(best) & (best.field.n_states * best.field.order <= most)
    if not np.any(left):
        return list(ranked)
    stage("other forms", 1.0)
    base = _base(best)
    rows = _rows(best, base)
    known = [_plain(best, base, own, e, more=bool(left[e])) for e, own in enumerate(rows)]
    found = list(ranked)
    for _ in range(1 if adequate else ENGINE.form_depth):
        known = [
            grown(own, terms, forms) if more else forms
            for own, forms, more in zip(rows, known, left, strict=True)
        ]
        more: list[Candidate] = []
        for choice, near in _joint(known):
            if not near and (adequate or any(one.exact for one in more)):
                break
            settled = _settled(best, base, choice) if any(f.terms for f in choice) else None
            more += [settled] if settled is not None else []
        found = weighed([*found, *more])
        if found[0].exact or not found[0].shaped:
            break
    return found


def open_equations(best: Candidate) -> NDArray[np.bool_]:
    """Equations ``(d,)`` of a law that another form may better.

    Nothing has fewer numbers than a term or two that leave only noise, or nothing at all; and few
    terms that leave next to nothing of the rates leave errors of a solver or a filter.
    """
    law = best.law
    count = np.bincount([e for e, _ in best.terms], minlength=law.n_states)
    if best.exact and best.lawful:
        return np.asarray(count > ENGINE.form_few)
    small = law.unexplained <= ENGINE.numerical_misfit * ENGINE.digits
    share = law.equation / np.maximum(law.rates, np.finfo(float).tiny)
    closed = (count <= ENGINE.form_few) & small
    return np.asarray(~(closed | (count < ENGINE.form_monomials) & (share < ENGINE.form_share)))


def _base(best: Candidate) -> tuple[Expression, ...]:
    """Monomials of low degree, and terms of the law: those of equations that have few."""
    field = best.field
    names = field.library.variables[:-1]
    degree = ENGINE.plain_degree - (len(names) > ENGINE.rich_states)
    low = [ordered(one, field.library.variables) for one in polynomial_terms(names, degree)]
    used = [own for own in _used(best) if len(own) < ENGINE.form_monomials]
    return tuple(dict.fromkeys([*low, *(one for own in used for one in own)]))


def _used(best: Candidate) -> list[list[Expression]]:
    """Terms of each equation of a law."""
    terms = best.library.terms.terms
    return [
        [terms[k] for k in np.flatnonzero(row)] for row in best.field.physical(best.law.weights)
    ]


def _joint(forms: Sequence[Sequence[Form]]) -> Iterator[tuple[list[Form], bool]]:
    """The best form of each equation, then the next ones of one at a time; whether they are near.

    One other form of each equation is named even where none is near.
    """
    first = [options[0] for options in forms]
    yield first, True
    for nearby in (True, False):
        for equation, options in enumerate(forms):
            limit = options[0].value + ENGINE.rival_range
            others = options[1 : ENGINE.form_finalists] if nearby else options[1:2]
            for other in others:
                if nearby == (other.value <= limit):
                    yield [*first[:equation], other, *first[equation + 1 :]], nearby


def _plain(
    best: Candidate, base: Sequence[Expression], rows: EquationRows, equation: int, *, more: bool
) -> list[Form]:
    """The equation of the law, and where more is looked for, the best without numbers inside."""
    used = _used(best)[equation]
    own = None
    if set(used) <= set(base):
        own = rows.nearer(Form(tuple(sorted(base.index(one) for one in used)), (), 0.0), 0)
    found = [*([own] if own is not None else []), *(rows.plain(ENGINE.form_monomials)[:1])]
    return sorted(found, key=lambda form: form.value) if more else found[:1]


def _rows(best: Candidate, base: tuple[Expression, ...]) -> list[EquationRows]:
    """Rows of each equation along a trajectory that follows the data more than the law."""
    law, setting, field = best.law, best.setting, best.plain_field
    support = np.array(law.key, dtype=np.intp)
    slack = ENGINE.loose_slacks[0] if law.complete else ENGINE.form_slack
    errors = Errors(setting.rough, slack)
    step = setting.at(law.weights, law.latent, errors, support, law.off)
    latent = step.latent(law.weights[support])
    names, price = field.library.variables, law.criterion.penalty
    total = sum(tile.weak.n_rows for tile in setting.tiles)
    looked = [list(windows(tile.weak.n_rows, total)) for tile in setting.tiles]
    n = sum(one.stop - one.start for own in looked for one in own)
    share = n if law.complete else min(law.criterion.fewest, n)

    def cost(rss: Array, count: NDArray[np.intp] | int) -> Array:
        tiny = np.finfo(float).tiny
        return np.asarray(share * np.log(np.maximum(rss, tiny) / n) + price * count)

    found = []
    for equation, noise in enumerate(np.maximum(setting.rough, setting.least)):
        spread = (float(noise), float(slack * setting.looseness * noise))
        stretches = []
        for tile, states, own in zip(setting.tiles, latent, looked, strict=True):
            values = dict(zip(names, field.values(tile.points(states)).T, strict=True))
            stretches += [Stretch.of(tile, w, equation, states, spread, values) for w in own]
        found.append(EquationRows(stretches, base, cost, ENGINE.form_handicap))
    return found


@dataclass(frozen=True)
class _Written:
    """A joint choice as a library, with the place of each term in it."""

    setting: Setting
    library: TermLibrary
    key: tuple[int, ...]
    shaped: tuple[Shaped, ...]


def _written(best: Candidate, base: tuple[Expression, ...], forms: Sequence[Form]) -> _Written:
    terms = list(base)
    key: list[tuple[int, int]] = []
    shaped = []
    for equation, form in enumerate(forms):
        key += [(equation, k) for k in form.monomials]
        for term in form.terms:
            columns = range(len(terms), len(terms) + 1 + len(term.numbers))
            terms += term.linearised()
            key += [(equation, k) for k in columns]
            shaped.append((equation, columns, term))
    library = TermLibrary(best.field.library.variables, tuple(terms))
    field = replace(best.plain_field, library=library)
    setting = replace(best.setting, field=field)
    places = tuple(sorted(e * len(terms) + k for e, k in key))
    return _Written(
        setting,
        library,
        places,
        tuple(Shaped(e, tuple(e * len(terms) + k for k in columns), t) for e, columns, t in shaped),
    )


def _settled(
    best: Candidate, base: tuple[Expression, ...], forms: Sequence[Form]
) -> Candidate | None:
    """The law of some forms on its own trajectory, its numbers where they no longer move."""
    written, law = _written(best, base, forms), best.law
    for number in range(ENGINE.form_rounds):
        if not _defined(written, law):
            return None
        search = Search(written.setting)
        search.laws[written.key] = law if number else _roughly(written, best)
        law = search.best()
        moved = [one.numbers(law.weights) for one in written.shaped]
        still = all(
            np.all(
                np.abs(new - one.term.numbers)
                <= ENGINE.settled_move * one.errors(law.weights, law.root)
            )
            for new, one in zip(moved, written.shaped, strict=True)
        )
        if still:
            break
        steps = iter(
            [new - one.term.numbers for new, one in zip(moved, written.shaped, strict=True)]
        )
        forms = [
            form.moved(np.concatenate([[], *(next(steps) for _ in form.terms)])) for form in forms
        ]
        written = _written(best, base, forms)
    determined = [one.determined(law.weights, law.covariance_root) for one in written.shaped]
    if not (all(determined) and np.isfinite(law.deviance)):  # it may have left a term's domain
        return None
    handicap = ENGINE.form_handicap * len(written.shaped)
    label = f"{best.library.label}, and terms with numbers inside"
    return replace(
        best,
        library=replace(best.library, label=label, terms=written.library, handicap=handicap),
        setting=written.setting,
        law=law,
        shaped=written.shaped,
    )


def _roughly(written: _Written, best: Candidate) -> Law:
    start = Start(None, best.law.latent, best.law.errors)
    schedules = NOISY if best.law.complete else ROUGHLY
    found = [settle(written.setting, start, fixed(written.key), one) for one in schedules]
    return min(found, key=lambda law: law.evidence())


def _defined(written: _Written, law: Law) -> bool:
    """Whether every column has a value everywhere along a trajectory."""
    setting = written.setting
    return all(
        np.all(np.isfinite(setting.field.features(tile.points(states))))
        for tile, states in zip(setting.tiles, law.latent, strict=True)
    )
