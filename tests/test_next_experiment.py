"""The next experiment: closed forms, bounds, chaos, units, requests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.cli.root import root
from physmodel.experiments.discrimination import (
    Belief,
    divergences,
    entropy,
    overlaps,
    predictions,
    probabilities,
    reduced,
    remaining,
    separations,
    simulated_misfits,
)
from physmodel.experiments.hypotheses import hypotheses_of
from physmodel.experiments.trial import plan
from physmodel.models.integration.integrate import integrate
from physmodel.systems.experiments import CASES

#: A stiffening spring that moves too little to show all of its force.
SPRING = replace(
    CASES["duffing"],
    start=(0.6, 0.0),
    noise=(0.03, 0.03),
    box={"x": (-1.2, 1.2), "v": (-1.2, 1.2)},
)


def first_record(seed: int, scale: float = 1.0, step: float = 1.0) -> xr.Dataset:
    """A record of the spring, in other units if asked for."""
    states = SPRING.measured(np.array(SPRING.start), np.random.default_rng(seed))
    time = step * np.linspace(0.0, SPRING.duration, SPRING.samples)
    return pm.from_arrays(time, scale * states, names=SPRING.states)


@pytest.fixture(scope="module")
def seed() -> int:
    """The first noise that leaves rivals: which one that is depends on the engine."""
    for number in range(30):
        found = pm.discover(first_record(number), order=1, degree=3)
        if found.status == "ambiguous":
            return number
    raise AssertionError("the spring is not ambiguous any more: record less of it")


@pytest.fixture(scope="module")
def law(seed: int) -> pm.Result:
    """What one record of the spring tells."""
    return pm.discover(first_record(seed), order=1, degree=3)


@pytest.fixture(scope="module")
def answer(law: pm.Result) -> pm.experiments.experiment.NextExperiment:
    return pm.next_experiment(law, bounds=SPRING.box)


def known(*weights: float, delta: float = 0.0) -> Belief:
    """A model whose coefficients are known exactly."""
    return Belief(np.array(weights), np.zeros((len(weights), 0)), delta)


# Closed forms.


@pytest.mark.parametrize("shift", [0.3, 1.5, 4.0])
def test_information_about_two_known_models_is_that_of_a_binary_gaussian_channel(
    shift: float,
) -> None:
    beliefs = [known(0.0), known(shift)]
    expected = predictions(np.eye(1), beliefs)
    assert overlaps(0, expected) == pytest.approx([0.0, shift**2 / 8.0], abs=1e-14)
    assert divergences(0, expected) == pytest.approx([0.0, shift**2 / 2.0], abs=1e-14)
    # The entropy that remains is E log(1 + exp(-(shift^2/2 + shift z))) for a standard normal z.
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    exact = weight @ np.log1p(np.exp(-(shift**2 / 2.0 + shift * z))) / np.sqrt(2.0 * np.pi)
    misfits = simulated_misfits(0, expected, 40_000, np.random.default_rng(0))
    simulated = entropy(probabilities(misfits)).mean()
    # The mean of 40 000 entropies between 0 and log 2: four standard errors.
    assert simulated == pytest.approx(exact, abs=4 * 0.3 / np.sqrt(40_000))
    shares = np.array([0.5, 0.5])
    upper = remaining(shares, np.stack([overlaps(i, expected) for i in (0, 1)]))
    lower = remaining(shares, np.stack([divergences(i, expected) for i in (0, 1)]))
    assert lower <= exact <= upper


def test_misfits_are_the_rise_of_the_residual_of_old_and_new_rows() -> None:
    rng = np.random.default_rng(1)
    old, target, new = rng.normal(size=(30, 3)), rng.normal(size=30), rng.normal(size=(12, 3))
    beliefs, before = [], []
    for support in ([0, 1], [1, 2]):
        weights, gram = np.zeros(3), np.linalg.inv(old[:, support].T @ old[:, support])
        weights[support] = gram @ old[:, support].T @ target
        spread = np.zeros((3, 2))
        spread[support] = np.linalg.cholesky(gram)
        beliefs.append(Belief(weights, spread, 0.0))
        before.append(np.sum((target - old @ weights) ** 2))
    expected = predictions(reduced(new), beliefs)
    misfits = simulated_misfits(0, expected, 5, np.random.default_rng(2))
    noise = np.random.default_rng(2).standard_normal((5, 3))
    records = expected.means[0] + noise @ expected.factors[0].T
    for g, support in enumerate(([0, 1], [1, 2])):
        stacked = np.vstack([old, reduced(new)])[:, support]
        for draw, record in enumerate(records):
            both = np.concatenate([target, record])
            after = np.linalg.lstsq(stacked, both, rcond=None)[1][0]
            assert misfits[draw, g] == pytest.approx(after - before[g], rel=1e-10)


def test_a_difference_that_another_coefficient_absorbs_is_no_information() -> None:
    # Both columns of the new record are parallel, and the rival's coefficient is unknown.
    triangle = np.array([[5.0, 5.0]])
    winner = known(1.0, 0.0)
    for open_, told in ((0.0, True), (1e6, False)):
        rival = Belief(np.array([0.0, 3.0]), np.array([[0.0], [open_]]), 0.0)
        expected = predictions(triangle, [winner, rival])
        shift = (
            overlaps(0, expected)[1]
            - overlaps(
                0, predictions(triangle, [winner, replace(rival, weights=np.array([0.0, 1.0]))])
            )[1]
        )
        # 25 * 2^2 / 8 when the coefficient is known; 1e-11 of it when it is open.
        assert (shift == pytest.approx(12.5, rel=1e-12)) if told else (abs(shift) < 1e-9)


@given(st.integers(0, 10_000))
def test_bounds_keep_their_order_and_separations_are_mean_misfits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    beliefs = [
        Belief(rng.normal(size=3), 0.5 * rng.normal(size=(3, k)), float(d))
        for k, d in enumerate(rng.exponential(3.0, 3))
    ]
    shares = probabilities(np.array([belief.delta for belief in beliefs]))
    expected = predictions(rng.normal(size=(3, 3)), beliefs)
    upper = remaining(shares, np.stack([overlaps(i, expected) for i in range(3)]))
    lower = remaining(shares, np.stack([divergences(i, expected) for i in range(3)]))
    assert 0.0 <= lower <= upper + 1e-12 <= entropy(shares) + 2e-12
    sizes = np.array([0, 1, 2])
    misfits = simulated_misfits(1, expected, 4000, rng)
    rises = misfits - misfits[:, [1]] + (sizes - 1) * np.log(2.0)
    error = rises.std(axis=0) / np.sqrt(4000)
    # Six standard errors of the mean: 100 examples of three.
    assert np.all(np.abs(rises.mean(axis=0) - separations(1, expected, sizes, 2.0)) <= 6 * error)


# Chaos.


def test_chaotic_divergence_is_no_information() -> None:
    t = np.linspace(0.0, 12.0, 400)
    states = integrate(
        lambda _, x: np.array(
            [10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 3 * x[2]]
        ),
        t,
        np.array([1.0, 3.0, 20.0]),
        rtol=1e-9,
    )
    noisy = states + 0.5 * np.random.default_rng(0).standard_normal(states.shape)
    data = pm.from_arrays(t, noisy, names=["x", "y", "z"])
    models = hypotheses_of(pm.discover(data, order=1, degree=2))
    winner = models.beliefs[0]
    off = np.full(winner.size, 0.3)  # a third of a standard error in every direction
    other = replace(winner, weights=winner.weights + winner.root @ off)
    pair = replace(models, beliefs=[winner, other], plain=np.ones(2, bool), names=("", ""))
    start = pair.prepared.pieces[0][1][:1]
    trial = plan(pair, 0.0, 999.0, 1.0, start)
    runs, stayed = trial.run([0, 1], np.repeat(start, 2, axis=0), None)
    assert stayed.all()
    apart = np.abs(runs[:, 0] - runs[:, 1]).max()
    assert apart > 1.0  # standard deviations: the runs have nothing in common any more
    expected = predictions(trial.triangle(0, runs[:, 0], None), pair.beliefs)
    # Whatever the record, it can not tell more than the coefficients differ by their errors.
    assert overlaps(0, expected)[1] <= off @ off / 8.0


# The suggestion.


def test_the_suggestion_beats_a_repetition_and_stays_in_bounds(law, answer) -> None:
    best = answer.best
    assert best is not None
    assert answer.repetition is not None
    for name, (low, high) in SPRING.box.items():
        assert low <= best.start[name] <= high
    assert best.information > answer.repetition.information
    assert best.decided > answer.repetition.decided
    assert all(best.remaining <= item.remaining for item in answer.runners_up)
    assert best.information <= answer.uncertainty
    assert len(answer.rivals) == len(best.separation) == len(answer.shares) - 1
    listed = str(answer)
    assert f"{best.start['x']:.4g}" in listed
    assert answer.rivals[0] in listed
    # A wide swing shows the cubic force: the start lies near the edge of the box.
    assert max(abs(best.start["x"]), abs(best.start["v"])) > 0.9


def test_the_same_seed_gives_the_same_answer_and_nothing_is_changed(law, answer) -> None:
    before = law.data.copy(deep=True)
    weights = law.coefficients.copy(deep=True)
    again = pm.next_experiment(law, bounds=SPRING.box)
    assert again.to_dict() == answer.to_dict()
    xr.testing.assert_identical(law.data, before)
    xr.testing.assert_identical(law.coefficients, weights)


def test_other_units_give_the_same_experiment(answer, seed: int) -> None:
    scale, step = 1e-4, 1e3
    law = pm.discover(first_record(seed, scale, step), order=1, degree=3)
    box = {name: (scale * low, scale * high) for name, (low, high) in SPRING.box.items()}
    other = pm.next_experiment(law, bounds=box)
    # Rounding in the fit moves nothing by more than the seventh digit.
    for name, value in answer.best.start.items():
        assert other.best.start[name] == pytest.approx(scale * value, rel=1e-6)
    assert other.best.information == pytest.approx(answer.best.information, abs=1e-4)
    assert other.duration == pytest.approx(step * answer.duration)


def test_only_listed_starts_and_a_second_order_law() -> None:
    time = np.linspace(0.0, SPRING.duration, SPRING.samples)
    for seed in range(30):
        position = SPRING.measured(np.array(SPRING.start), np.random.default_rng(seed))[:, 0]
        data = pm.from_arrays(time, position, names=["x [m]"], time_units="s")
        law = pm.discover(data, order=2, degree=3)
        if law.rivals and law.status != "no-law":
            break
    table = [{"x": 0.1, "x_t": 0.0}, {"x": 1.2, "x_t": 0.0}, {"x": 0.0, "x_t": 0.2}]
    answer = pm.next_experiment(law, starts=table)
    assert answer.best.start == pytest.approx(table[1], abs=1e-12)
    assert answer.units == {"x": "m", "x_t": "m/s"}
    moving = pm.next_experiment(law, bounds={"x": (0.0, 0.0), "x_t": (-1.0, 1.0)})
    assert moving.best.start["x"] == 0.0
    assert abs(moving.best.start["x_t"]) > 0.7


def test_inputs_to_choose_among() -> None:
    t = np.linspace(0.0, 20.0, 200)

    def quiet(now: float) -> np.ndarray:
        return np.array([0.2 * np.sin(now)])

    def strong(now: float) -> np.ndarray:
        return np.array([0.5 * np.sin(now)])

    x = integrate(lambda now, x: -x - 0.3 * x**3 + quiet(now), t, np.array([0.3]))
    for seed in range(30):
        noise = 0.01 * np.random.default_rng(seed).standard_normal(x.shape)
        data = pm.from_arrays(t, x + noise, names=["x"], inputs=0.2 * np.sin(t), input_names=["u"])
        law = pm.discover(data, order=1, degree=3)
        if law.rivals and law.status != "no-law":
            break
    start = [{"x": 0.1}]
    answer = pm.next_experiment(law, starts=start, inputs={"quiet": quiet, "strong": strong})
    assert answer.best.input == "strong"
    assert pm.next_experiment(law, starts=start).best.input == "as recorded"


def test_nothing_to_separate_is_an_answer(law) -> None:
    alone = replace(law, status="identified", rivals=())
    for case, word in (
        (alone, "nothing to separate"),
        (replace(law, status="no-law"), "no law yet"),
        (replace(law, laws=({"exponent": -2.0},)), "exponents of a force"),
    ):
        answer = pm.next_experiment(case)
        assert answer.best is None
        assert word in answer.reason
        assert answer.reason in str(answer)
        json.dumps(answer.to_dict())


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"bounds": {"w": (0.0, 1.0)}}, "start values: x, v"),
        ({"bounds": {"x": (1.0, 0.0)}}, "no range"),
        ({"bounds": {"x": (0.0, float("inf"))}}, "no range"),
        ({"starts": []}, "empty"),
        ({"starts": [{"x": 1.0}]}, "start values v are missing"),
        ({"starts": [{"x": 1.0, "v": float("nan")}]}, "v is nan"),
        ({"duration": -1.0}, "duration is -1"),
        ({"duration": 1.0, "step": 1.0}, "too short"),
        ({"inputs": {"sine": np.sin}}, "no inputs"),
    ],
)
def test_wrong_requests_say_what_is_wrong(law, asked, word: str) -> None:
    with pytest.raises(pm.ProblemError) as caught:
        pm.next_experiment(law, **asked)
    assert word in str(caught.value)


def test_a_result_without_data_says_what_is_missing(law) -> None:
    with pytest.raises(pm.ProblemError, match="does not hold the data"):
        pm.next_experiment(replace(law, data=None))


# The command and the benchmark.


def test_the_command_prints_what_python_returns(law, answer, tmp_path: Path) -> None:
    law.save(tmp_path / "run")
    box = [f"--bounds={name}={low}:{high}" for name, (low, high) in SPRING.box.items()]
    done = CliRunner().invoke(root, ["next", str(tmp_path / "run"), "--json", *box])
    assert done.exit_code == 0, done.output
    table = json.loads(done.stdout)
    assert table["best"]["start"] == pytest.approx(answer.best.start, rel=1e-9)
    (tmp_path / "starts.csv").write_text("x,v\n0.1,0\n0.9,0\n", encoding="utf-8")
    listed = ["next", str(tmp_path / "run"), "--starts", str(tmp_path / "starts.csv")]
    shown = CliRunner().invoke(root, listed)
    assert shown.exit_code == 0, shown.output
    assert "x = 0.9" in shown.stdout
    wrong = CliRunner().invoke(root, ["next", str(tmp_path / "run"), "--bounds", "x=low"])
    assert wrong.exit_code == 2
    assert "LOW:HIGH" in wrong.output
    lawless = replace(law, status="no-law", rivals=())
    lawless.save(tmp_path / "none")
    assert CliRunner().invoke(root, ["next", str(tmp_path / "none")]).exit_code == 1


def test_a_suggested_start_settles_the_law_and_tells_more_than_a_repetition(
    seed: int, answer: pm.experiments.experiment.NextExperiment
) -> None:
    """A second record, with the same noise, from the start suggested and from the first one."""
    spreads = []
    for start in ([answer.best.start[s] for s in SPRING.states], SPRING.start):
        rng = np.random.default_rng(seed)
        records = [SPRING.measured(np.array(x), rng) for x in (SPRING.start, start)]
        law = pm.discover(SPRING.dataset(records), **SPRING.known)
        assert SPRING.exact(law)
        spreads.append({item["term"]: item["std"] for item in law.terms("v")}["x^3"])
        if start is not SPRING.start:
            assert law.status == "identified"
    suggested, repeated = spreads
    # Twice the amplitude has eight times the cubic force: that term is known far better.
    assert suggested < repeated / 2.0


@pytest.mark.parametrize("name", CASES)
def test_cases_obey_their_equations(name: str) -> None:
    """The first step of each true run is that of a formula written out by hand."""
    case = CASES[name]
    a, b = case.start[:2]
    rates = {
        "prey-limited": lambda: [a - 0.1 * a**2 - 0.5 * a * b, -b + 0.5 * a * b],
        "duffing": lambda: [b, -a - 0.1 * b - 0.5 * a**3],
        "van-der-pol": lambda: [b, -a + 0.5 * b * (1 - a**2)],
        "pendulum": lambda: [b, -4 * np.sin(a) - 0.1 * b],
        "lorenz": lambda: [10 * (b - a), a * (28 - case.start[2]) - b],
    }
    tiny = replace(case, duration=1e-6, samples=2).simulate(np.array(case.start))
    # A step of 1e-6 leaves the curvature, below 1e-3, and the integrator's 1e-9 / 1e-6.
    slope = (tiny[1] - tiny[0])[:2] / 1e-6
    assert slope == pytest.approx(rates[name](), rel=1e-3, abs=2e-2)
