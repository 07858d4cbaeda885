"""The search over supports: propose, settle each proposal on its own trajectory, keep the best.

A regression is linearised at the trajectory of one law, with the noise that enters through *its*
Jacobian. That is right for its own coefficients and biased against every other support: their
residuals hold the noise that the present law explains. So supports that come near are settled
on trajectories of their own, and the densities of the data decide. One table of settled laws is
the only source of the winner, its rivals and their probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.law import Law, Support
from physmodel.discovery.linearisation import Errors, Linearisation, Setting
from physmodel.discovery.ranking import only_noise, ranked
from physmodel.discovery.settle import Choice, Schedule, Start, fixed, law_of, settle
from physmodel.discovery.transfer import placed
from physmodel.losses.weak_form.latent import deviations
from physmodel.optimizers.subset.selection import candidates, select
from physmodel.optimizers.subset.triangular import Solution, TriangularFactor, triangular_factor
from physmodel.progress import stage

Array = NDArray[np.float64]

ANNEALING = Schedule(ENGINE.annealing_slacks)

#: A proposal is settled roughly, and those that come near the best until nothing moves. The
#: likelihood may have two maxima: what a law leaves is noise of the samples, or an error of the
#: equation. Where noise explains what a near law leaves, only the first is looked for, in more
#: rounds: there the evidence decides, and it rises until the error of the equation is gone.
LOW, HIGH = ENGINE.rough_slacks
ROUGHLY = (Schedule((LOW,), ENGINE.rough_rounds), Schedule((HIGH, HIGH), ENGINE.rough_rounds))
NOISY = (Schedule((LOW,), ENGINE.noisy_rounds),)
FULLY = Schedule((), ENGINE.full_rounds)

#: Rounds that end without an equation error.
RIGID = Schedule((0.1, LOW, *[ENGINE.least_slack] * (ENGINE.full_rounds - 2)))


@dataclass
class Search:
    """A table of settled laws, and the search that adds to it.

    Attributes
    ----------
    setting : Setting
    laws : dict of Support to Law
    steady : bool
        Whether the best law was chosen in each of the last rounds of the first search.
    elsewhere : sequence of Search
        Searches with other libraries on the same tiles: what they settled is not settled again.
    """

    setting: Setting
    elsewhere: Sequence[Search] = ()
    laws: dict[Support, Law] = field(default_factory=dict)
    steady: bool = False
    _full: set[Support] = field(default_factory=set)
    _supersets: set[Support] = field(default_factory=set)

    def anneal(self, start: Array | None = None) -> Law:
        """Search while the equation error shrinks; settle every support that came up.

        Parameters
        ----------
        start : ndarray (K,), optional
            Coefficients of a simpler law; the search then stays near their support.

        Returns
        -------
        Law
            The best so far.
        """
        coarse: list[Support] = []
        chain: list[Support] = []
        near = None if start is None else np.flatnonzero(start)
        d = len(self.setting.rough)

        def choose(step: Linearisation) -> Solution:
            nonlocal near
            few = step.criterion.coarsened(d * step.criterion.fewest)
            frugal, solution = select(step.factor, [few, step.criterion], near)
            coarse.append(_key(frugal))
            near = near if near is None else solution.support
            chain.append(_key(solution))
            return solution

        measured = [tile.measured for tile in self.setting.tiles]
        begin = Start(start, measured, Errors(self.setting.rough, 1.0))
        last = settle(self.setting, begin, Choice(None, choose), ANNEALING)
        self.consider(chain[-1:], last)
        if self.laws[chain[-1]].complete:
            self.consider(chain[-ENGINE.steady_rounds :], last)
        else:
            self.consider([*coarse, *chain], last)
        best = self.best()
        self.steady = all(support == best.key for support in chain[-ENGINE.steady_rounds :])
        return best

    def improve(self) -> Law:
        """Look for better laws around the best one until there is none."""
        stage("improving")
        for _ in range(ENGINE.most_moves):
            leader = self.best()
            near = self.add_supersets(leader)
            if not leader.exact and (near or not (self.steady and leader.complete)):
                self.consider([*near, *self.proposals(leader)], leader)
            if self.best().key == leader.key:
                break
        return self.best()

    def add_supersets(self, leader: Law) -> list[Support]:
        """Enter supersets of the support of a law, and return other supports that come near it.

        The regression around a law is not biased against supports that only add terms to it.
        """
        step = self.setting.at(leader.weights, leader.latent, leader.errors, off=leader.off)
        others: list[Support] = []
        for solution in self._near(step.factor, leader):
            if not set(leader.key) < set(_key(solution)):
                others.append(_key(solution))
            elif _key(solution) not in self.laws:
                law = law_of(self.setting, step, None, solution, leader.errors)
                self.laws[_key(solution)] = law
                self._supersets.add(_key(solution))
        return others[: ENGINE.proposals]

    def best(self) -> Law:
        """The law to report among those in the table, settled until nothing moves."""
        while True:
            order = ranked([*self.laws.values()])
            noisy = only_noise(order)
            limit = order[0].merit(noisy) + ENGINE.contested_merit
            close = [law for law in order[: ENGINE.finalists] if law.merit(noisy) <= limit]
            loose = [law for law in close if law.key not in self._full]
            if order[0].complete:
                loose = [law for law in loose if law is order[0] or law.key not in self._supersets]
            if not loose:
                return order[0]
            for law in loose:
                self._full.add(law.key)
                self.laws[law.key] = self._fully(law)

    def consider(self, supports: Iterable[Support], near: Law) -> None:
        """Settle supports that are not yet in the table, from the trajectory of another law."""
        for support in supports:
            if support not in self.laws and not self._settled_elsewhere(support):
                schedules = NOISY if near.complete else ROUGHLY
                found = [self._settled(support, near, schedule) for schedule in schedules]
                self.laws[support] = min(found, key=lambda law: law.evidence())

    def _settled_elsewhere(self, support: Support) -> bool:
        """Enter a law from the table of another search, if one has these terms."""
        for other in self.elsewhere:
            known = [k for k in other.laws if k in other._full or k not in other._supersets]
            for key in known:
                law = placed(other.laws[key], other.setting, support, self.setting)
                if law is not None:
                    self.laws[support] = law
                    self._full |= {support} if key in other._full else set()
                    return True
        return False

    def proposals(self, leader: Law) -> list[Support]:
        """Supports that come near a law in regressions with a larger equation error.

        The larger this error, the less the trajectory is biased towards the law that it was made
        with, and the less information the regression has; so several sizes are used.
        """
        keys: dict[Support, None] = {}
        for slack in ENGINE.loose_slacks:
            smooth = self._loosened(leader, slack)
            step = self.setting.at(leader.weights, smooth, Errors(leader.noise, slack))
            for factor in (self._unbiased(step, leader.weights, smooth), step.factor):
                near = [_key(solution) for solution in self._near(factor, leader)]
                others = [key for key in near if set(leader.key) - set(key)]
                keys |= dict.fromkeys(others[: ENGINE.proposals])
        return list(keys)

    def _near(self, factor: TriangularFactor, leader: Law) -> list[Solution]:
        """Supports near the minimum of the criterion that are not the leader's."""
        criterion = self.setting.criterion(factor.total)
        fewest = len(self.setting.rough) * criterion.fewest
        near: list[Solution] = []
        counts = [leader.n_data] if leader.complete else [fewest, leader.n_effective]
        criteria = [criterion.coarsened(count) for count in counts]
        for counted, solution in zip(criteria, select(factor, criteria), strict=True):
            near += candidates(factor, solution, counted)
        return [solution for solution in near if _key(solution) != leader.key]

    def _loosened(self, law: Law, slack: float) -> list[Array]:
        """The trajectory at a larger equation error: nearer to the data."""
        support = np.flatnonzero(law.weights)
        errors = Errors(law.noise, slack)
        step = self.setting.at(law.weights, law.latent, errors, support, law.off)
        return step.latent(law.weights[support])

    def _unbiased(
        self, step: Linearisation, weights: Array, latent: Sequence[Array]
    ) -> TriangularFactor:
        """A regression on features of the data, to first order.

        Their noise shrinks coefficients, but the residual of the true support is white, whatever
        the present model.
        """
        rows = []
        for tile, states, row in zip(self.setting.tiles, latent, step.rows, strict=True):
            columns = row.whitened(deviations(tile, self.setting.field, states))
            rows.append((row.matrix + columns, row.target + columns @ weights))
        return triangular_factor(rows)

    def _fully(self, near: Law) -> Law:
        """Settle a law until nothing moves, without an equation error unless one is there.

        The size of that error is one more number for each equation, and has the price of one.
        """
        law = self._settled(near.key, near, FULLY)
        if not np.any(law.slack > ENGINE.small_slack) or law.crude:
            return law
        rigid = self._settled(near.key, law, RIGID)
        price = len(law.noise) * np.log(law.n_data)
        return rigid if rigid.deviance <= law.deviance + price else law

    def _settled(self, support: Support, near: Law, schedule: Schedule) -> Law:
        return settle(self.setting, near, fixed(support), schedule)


def _key(solution: Solution) -> Support:
    return tuple(solution.support.tolist())
